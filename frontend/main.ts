/** On every page: style, htmx, and the small elements. Pages with a map add map.ts. */
import "./tabler.scss";
import "./linli.css";

import "htmx.org";

import "./elements/cascade";
import "./elements/chips";
import "./elements/copy";
import "./elements/draft";
import "./elements/keys";
import "./elements/leave";
import "./elements/live";
import "./elements/menus";
import "./elements/once";
import "./elements/passkey";
import "./elements/photos";
import "./elements/print";
import "./elements/receipt";
import "./elements/proof";
import "./elements/select";
import "./elements/sign";
