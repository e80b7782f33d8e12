/** Only on pages with a map. */
import "leaflet/dist/leaflet.css";
import "./css/map.css";

import "./elements/map";
