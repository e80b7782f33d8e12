/** Only on pages with a map. */
import "leaflet/dist/leaflet.css";

import "./elements/map";
