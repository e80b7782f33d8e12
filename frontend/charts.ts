/** Only on pages with charts. */
import "./elements/chart";
