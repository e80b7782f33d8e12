import "./tabler.scss";
import "./linli.css";
import "htmx.org";
