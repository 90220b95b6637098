// Evaluated in an isolated world of the page: the page's own scripts see neither this nor its state.
(() => {
  if (globalThis.skvmPage) return;
  const known = new Map(), numbers = new WeakMap();
  let last = 0;
  const ACTS = 'a[href],button,input:not([type=hidden]),select,textarea,[role=button],[role=link],[contenteditable=""],[contenteditable=true],summary';
  const trimmed = (text) => (text || "").replace(/\s+/g, " ").trim().slice(0, 200);
  const seen = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && el.getClientRects().length > 0;
  const ref = (el) => {
    if (!numbers.has(el)) {
      numbers.set(el, "e" + ++last);
      known.set("e" + last, new WeakRef(el));
    }
    return numbers.get(el);
  };
  const kind = (el) => {
    const tag = el.tagName, type = (el.type || "").toLowerCase();
    if (tag === "SELECT") return "choice";
    if (tag === "INPUT" && (type === "checkbox" || type === "radio")) return "switch";
    if (tag === "INPUT" && ["button", "submit", "reset", "image", "file", "color"].includes(type)) return "button";
    if (tag === "INPUT" || tag === "TEXTAREA" || el.isContentEditable) return "field";
    return tag === "A" || el.getAttribute("role") === "link" ? "link" : "button";
  };
  const label = (el) => {
    const by = (el.getAttribute("aria-labelledby") || "").split(/\s+/).map((id) => id && document.getElementById(id)).filter(Boolean);
    const own = el.tagName === "INPUT" && kind(el) === "button" ? el.value || el.type : ["link", "button"].includes(kind(el)) ? el.innerText : "";
    const labels = el.labels ? [...el.labels].map((l) => {
      const copy = l.cloneNode(true);
      copy.querySelectorAll("input,select,textarea,button").forEach((inner) => inner.remove());
      return copy.textContent;
    }).join(" ") : "";
    return trimmed(el.getAttribute("aria-label") || by.map((l) => l.innerText).join(" ") || labels || own || el.placeholder || el.title || el.alt || el.name);
  };
  const value = (el) => {
    switch (kind(el)) {
      case "link": return (el.href || "").slice(0, 500);
      case "choice": return trimmed(el.selectedOptions[0]?.label);
      case "switch": return el.checked ? "on" : "off";
      case "field": return el.type === "password" ? (el.value ? "(filled)" : "") : (el.isContentEditable ? el.innerText : el.value).slice(0, 500);
      default: return "";
    }
  };
  const item = (el) => ({
    ref: ref(el), kind: kind(el), label: label(el), value: value(el),
    options: el.tagName === "SELECT" ? [...el.options].slice(0, 60).map((o) => trimmed(o.label)) : [],
    disabled: !!el.disabled || el.getAttribute("aria-disabled") === "true",
  });
  const all = () => [...document.querySelectorAll(ACTS)].filter(seen);
  const find = (target) => {
    const held = known.get(target)?.deref();
    if (held && held.isConnected) return [held];
    return all().filter((el) => label(el).toLowerCase() === trimmed(target).toLowerCase());
  };
  const use = (target, act) => {
    const found = find(target);
    if (found.length !== 1) return { error: found.length ? `${found.length} things are called ${target}; give a reference` : `there is no ${target} on the page now` };
    if (!seen(found[0])) return { error: `${target} is not visible` };
    if (found[0].disabled) return { error: `${target} is disabled` };
    return act(found[0]) || {};
  };
  const told = (el) => ["input", "change"].forEach((name) => el.dispatchEvent(new Event(name, { bubbles: true })));
  const put = (el, text) => {
    const proto = el.tagName === "TEXTAREA" ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
    Object.getOwnPropertyDescriptor(proto, "value").set.call(el, text);
  };
  globalThis.skvmPage = {
    look: (most) => ({
      title: document.title.slice(0, 300), url: location.href, text: (document.body?.innerText || "").slice(0, most),
      items: all().slice(0, 200).map(item), hidden: Math.max(0, all().length - 200),
    }),
    point: (target) => use(target, (el) => {
      el.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      const box = [...el.getClientRects()].find((r) => r.width && r.height);
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      const top = document.elementFromPoint(x, y);
      const mine = top && (el.contains(top) || top.contains(el) && top.closest("label") || [...(el.labels || [])].some((l) => l.contains(top)));
      return mine ? { x, y } : { error: `something covers ${target}` };
    }),
    fill: (target, text) => use(target, (el) => {
      if (kind(el) !== "field") return { error: `${target} is a ${kind(el)}, not a field` };
      if (el.readOnly) return { error: `${target} is read-only` };
      el.focus();
      if (el.isContentEditable) el.innerText = text; else put(el, text);
      told(el);
      if (!el.isContentEditable && text && !el.value) return { error: `${target} does not take this text (its type is ${el.type})` };
    }),
    select: (target, text) => use(target, (el) => {
      if (kind(el) !== "choice") return { error: `${target} is a ${kind(el)}, not a choice` };
      const option = [...el.options].find((o) => trimmed(o.label) === trimmed(text)) || [...el.options].find((o) => o.value === text);
      if (!option || option.disabled) return { error: `${target} has no option ${text}` };
      option.selected = true;
      told(el);
    }),
    focus: (target) => use(target, (el) => { el.focus(); }),
    shows: (text) => (document.body?.innerText || "").includes(text) || trimmed(document.body?.innerText).includes(trimmed(text)),
  };
})();
