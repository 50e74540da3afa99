// Tells the server what only the browser knows of a page, once for each page, and of pages that scripts move on to.
// It is sent without comments, indentation and empty lines; no statement may need its line's beginning.
(() => {
// The script is served beside the endpoint, wherever that is mounted.
const to = document.currentScript.src.replace(/\.js(\?.*)?$/, "")
const [loading] = performance.getEntriesByType("navigation")
// The answer's header Server-Timing names the page, unless it may be in a cache that others share.
const named = loading?.serverTiming?.find(({name}) => name == "page")
const path = () => location.pathname + location.search
const id = named?.description
let here = path(), due = id, soft, from, timer
const send = () => {
  clearTimeout(timer)
  if (due) navigator.sendBeacon(to, JSON.stringify({
    id, soft, from, path: here,
    title: document.title,
    language: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    screen: [screen.width, screen.height, devicePixelRatio, innerWidth, innerHeight],
  }))
  due = 0
}
// A page's title is often set right after it is moved on to, or after the first one is loaded.
const later = () => timer = setTimeout(send, 300)
const move = () => {
  if (path() == here) return
  send()
  from = here
  here = path()
  soft = due = true
  later()
}
const push = history.pushState
history.pushState = function (...state) {
  send()
  push.apply(this, state)
  move()
}
addEventListener("popstate", move)
addEventListener("pagehide", send)
later()
})()
