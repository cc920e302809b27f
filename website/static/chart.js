import { countText, hashrateText } from './format.js';

// Draws charts with uPlot over what the server drew as SVG, from the numbers that stand in the element.

const drawn = new Map();

drawAll();
addEventListener('pagechange', drawAll);
addEventListener('themechange', () => {
  for (const { plot } of drawn.values()) plot.redraw(false);
});
addEventListener('resize', () => {
  for (const [element, { plot }] of drawn) plot.setSize(sizeOf(element));
});

function drawAll() {
  for (const element of document.querySelectorAll('.chart[data-values]')) {
    const key = `${element.dataset.times}|${element.dataset.values}`;
    const known = drawn.get(element);
    if (known?.key === key) continue;
    const data = dataOf(element);
    if (known === undefined) drawn.set(element, { key, plot: draw(element, data) });
    else {
      known.key = key;
      known.plot.setData(data);
    }
  }
  for (const [element, { plot }] of drawn) {
    if (element.isConnected) continue;
    plot.destroy();
    drawn.delete(element);
  }
}

function draw(element, data) {
  const hashrate = element.dataset.metric === 'hashrate';
  const text = hashrate ? hashrateText : countText;
  const summary = element.querySelector('svg').getAttribute('aria-label');
  const axis = {
    stroke: () => colour('--soft'),
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  element.replaceChildren();
  element.dataset.drawn = '';
  const plot = new globalThis.uPlot(
    {
      ...sizeOf(element),
      padding: [8, 28, 0, 0],
      cursor: { y: false, points: { size: 8 } },
      scales: {
        x: { range: (_, __, newest) => [newest - Number(element.dataset.span), newest] },
        y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : hashrate ? 1_000 : 1] },
      },
      axes: [
        { ...axis, size: 30, space: 80, values: (chart, splits) => moments(splits, spanOf(chart)) },
        {
          ...axis,
          size: 76,
          splits: hashrate ? undefined : (_, __, ___, most) => wholeSteps(most),
          values: (_, splits) => splits.map((value) => text(value)),
        },
      ],
      series: [
        { label: 'Time', value: (_, seconds) => whole(seconds) },
        {
          label: hashrate ? 'Hashrate' : 'Workers',
          width: 1.6,
          stroke: () => colour('--copper'),
          fill: () => colour('--copper', 0.13),
          // A pool that has just begun is a dot.
          points: {
            show: ({ data: [times] }) => times.at(-1) - times[0] < element.dataset.span / 100,
          },
          value: (_, value) => (Number.isFinite(value) ? text(value) : '–'),
        },
      ],
      hooks: { setCursor: [showLast], ready: [showLast] },
    },
    data,
    element,
  );
  const canvas = element.querySelector('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', summary);
  return plot;
}

/** While nothing is pointed at, the legend tells the newest. */
function showLast(chart) {
  if (chart.cursor.idx === null || chart.cursor.idx === undefined) {
    chart.setLegend({ idx: chart.data[0].length - 1 }, false);
  }
}

function spanOf({ scales }) {
  return scales.x.max - scales.x.min;
}

function moments(splits, span) {
  const style =
    span > 86_400 * 2
      ? { month: 'short', day: 'numeric' }
      : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  return splits.map((seconds) => new Date(seconds * 1000).toLocaleString(undefined, style));
}

function whole(seconds) {
  if (!Number.isFinite(seconds)) return '–';
  return new Date(seconds * 1000).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
}

/** Workers are whole: 0, half, all. */
function wholeSteps(most) {
  const half = Math.max(1, Math.ceil(most / 2.3));
  return [0, half, half * 2].filter((value) => value <= most);
}

function dataOf({ dataset }) {
  let time = 0;
  const times = dataset.times.split(' ').map((step) => {
    time += Number(step);
    return time;
  });
  return [times, dataset.values.split(' ').map(Number)];
}

function sizeOf(element) {
  const low = element.closest('.low') !== null;
  return { width: Math.max(200, element.clientWidth), height: low ? 130 : 240 };
}

/** As the page shows it now: a canvas knows neither variables nor light-dark(). */
function colour(name, alpha = 1) {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return alpha === 1 ? color : color.replace('rgb(', 'rgba(').replace(')', `, ${alpha})`);
}
