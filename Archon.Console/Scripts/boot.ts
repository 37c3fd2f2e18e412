// Before the first paint: the theme and the width of the navigation, so that nothing flashes or jumps.
import { applyNav, applyTheme } from "./looks";

applyTheme();
applyNav();
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `archon.browser-zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
