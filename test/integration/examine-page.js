/**
 * What the browser test asks of the report page. This text runs in the page, not in Node: report-browser.test.ts
 * reads it and hands it over, and gets `Seen` back.
 */

(() => {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgroundOf = (start) => {
    for (let at = start; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((channels(color)[3] ?? 1) > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const ownText = (element) =>
    [...element.childNodes]
      .filter((node) => node.nodeType === Node.TEXT_NODE)
      .map((node) => node.textContent?.trim() ?? '')
      .join('');

  const root = document.documentElement;
  // What is in a frame of its own may be wider than the frame: that scrolls.
  const framed = (element) => element.closest('.wide') !== null;
  const tooWide = [root, ...document.querySelectorAll('.scroll, .card, .highlight, td, th, dd')]
    .filter((element) => !framed(element))
    .filter((element) => element.scrollWidth > element.clientWidth + 1)
    .map(
      (element) => `${element.tagName} ${element.className} ${element.textContent?.slice(0, 40)}`,
    );

  const bars = [...document.querySelectorAll('svg rect.bar')];
  const flatBars = bars.filter((bar) => {
    const box = bar.getBoundingClientRect();
    return !(box.width > 0 && box.height > 0);
  }).length;

  const overlaps = [...document.querySelectorAll('svg.chart > g')]
    .map((group) => [...group.querySelectorAll('text')].map((text) => text.getBoundingClientRect()))
    .filter(([label, value]) => label.right > value.left)
    .map(([label, value]) => `${label.right} > ${value.left}`);

  // WCAG 2.2, 1.4.3: 4.5 to 1 for text, 3 to 1 for large text.
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = ownText(element);
    const box = element.getBoundingClientRect();
    if (text === '' || box.width === 0) continue;
    const style = getComputedStyle(element);
    const color = element instanceof SVGElement ? style.fill : style.color;
    const [above, below] = [luminance(color), luminance(backgroundOf(element))];
    const contrast = (Math.max(above, below) + 0.05) / (Math.min(above, below) + 0.05);
    const wanted = Number.parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    if (contrast < wanted) faint.push(`${contrast.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return { tooWide, bars: bars.length, flatBars, overlaps, faint };
})();
