extension ReportPage {
  /// Opens what is folded before the page is printed: a page without maps needs no more.
  static let printScript = #"""
    'use strict';
    addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => { d.open = true; }));
    document.documentElement.dataset.script = 'ok';

    """#

  /// The page's script: it draws the maps, and says what is under the pointer.
  ///
  /// A part of the space has 512 by 512 pixels, or one for each address. What becomes of the addresses of a pixel is a
  /// mask: refused before and after 1, newly allowed 2, newly refused 4, allowed before and after 8. A pixel has the
  /// colour of a change only if all of its addresses change so.
  static let script = #"""
    'use strict';
    addEventListener('error', e => { document.documentElement.dataset.script = 'failed: ' + e.message; });
    (() => {
      const root = document.documentElement, $ = id => document.getElementById(id);
      addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => { d.open = true; }));

      // ---- Data: numbers are in groups of seven bits, the lowest first.
      const bytes = text => { const s = atob(text), b = new Uint8Array(s.length); for (let i = 0; i < b.length; i++) b[i] = s.charCodeAt(i); return b; };
      const reader = b => { let at = 0; return {
        more: () => at < b.length, octet: () => b[at++],
        number() { let n = 0, unit = 1, o; do { o = b[at++]; n += (o & 127) * unit; unit *= 128; } while (o > 127); return n; } }; };
      const CELL = 4096;
      function decode(map) {
        if (map.first) return map;
        const first = [], last = [], before = [], after = [], r = reader(bytes(map.pieces));
        for (let next = 0; r.more();) {
          const start = next + r.number(), end = start + r.number();
          first.push(start); last.push(end); before.push(r.number()); after.push(r.number()); next = end + 1;
        }
        let cells = null;
        if (map.cells) {
          cells = new Uint8Array(1 << 20);
          for (let r = reader(bytes(map.cells)), at = 0; r.more();) {
            const o = r.octet(), n = o & 15 || r.number();
            cells.fill(o >> 4, at, at += n);
          }
        }
        return Object.assign(map, { first, last, before, after, cells });
      }
      const bit = (map, i) => 1 << ((map.before[i] & 1) * 2 + (map.after[i] & 1));
      /** The first piece that ends at an address or behind it. */
      function find(map, address) {
        let low = 0, high = map.last.length;
        while (low < high) { const m = (low + high) >> 1; if (map.last[m] < address) low = m + 1; else high = m; }
        return low;
      }
      function count(map) {
        let lost = 0, gained = 0;
        if (map.cells) { for (const [l, g] of map.eighths) { lost += l; gained += g; } return { lost, gained }; }
        for (let i = 0; i < map.first.length; i++) {
          const size = map.last[i] - map.first[i] + 1, b = bit(map, i);
          if (b === 4) lost += size; else if (b === 2) gained += size;
        }
        return { lost, gained };
      }

      // ---- The curve. For each state, where its four quarters are (x, y) and the states of these.
      const QUARTER = [[0, 0, 1, 0, 1, 1, 0, 1], [0, 0, 0, 1, 1, 1, 1, 0], [1, 1, 0, 1, 0, 0, 1, 0], [1, 1, 1, 0, 0, 0, 0, 1]];
      const INNER = [[1, 0, 0, 3], [0, 1, 1, 2], [3, 2, 2, 1], [2, 3, 3, 0]];
      const known = new Map();
      /** The place of every part of a square in the order of the curve: y * side + x. */
      function curve(side, state) {
        const key = side * 4 + state;
        if (known.has(key)) return known.get(key);
        const places = new Int32Array(side * side);
        (function fill(state, x, y, side0, start) {
          if (side0 === 1) { places[start] = y * side + x; return; }
          const h = side0 / 2, part = h * h;
          for (let q = 0; q < 4; q++) fill(INNER[state][q], x + QUARTER[state][2 * q] * h, y + QUARTER[state][2 * q + 1] * h, h, start + q * part);
        })(state, 0, 0, side, 0);
        known.set(key, places);
        return places;
      }
      /** The state of the curve in a part of the space. */
      function stateAt(base, length) {
        let state = 0;
        for (let l = 2; l <= length; l += 2) state = INNER[state][Math.floor(base / 2 ** (32 - l)) % 4];
        return state;
      }

      // ---- Texts
      const dotted = a => [24, 16, 8, 0].map(s => Math.floor(a / 2 ** s) % 256).join('.');
      const block = (base, length) => length === 32 ? dotted(base) : dotted(base) + '/' + length;
      function range(a, b) {
        const size = b - a + 1, bits = Math.log2(size);
        return Number.isInteger(bits) && a % size === 0 ? block(a, 32 - bits) : dotted(a) + '-' + dotted(b);
      }
      function parse(text) {
        const m = /^\s*(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2})|-.*)?\s*$/.exec(text);
        if (!m || m.slice(1, 5).some(o => o > 255) || m[5] > 32) return null;
        return { address: ((m[1] * 256 + +m[2]) * 256 + +m[3]) * 256 + +m[4], length: m[5] === undefined ? 32 : +m[5] };
      }
      const WORDS = { 1: 'refused', 2: 'newly allowed', 4: 'newly refused', 8: 'allowed' };
      function words(mask) {
        if (WORDS[mask]) return WORDS[mask];
        const parts = [4, 2].filter(b => mask & b).map(b => 'partly ' + WORDS[b]);
        return parts.length ? parts.join(', ') : 'some allowed, some refused';
      }

      // ---- State
      const maps = JSON.parse($('data').textContent);
      let map, base = 0, length = 0, side = 512, masks, places, inverse, blocks, chosen = 0, isMarked = false;
      const canvases = ['before', 'after'].map(id => ({ canvas: $(id), pen: $(id).getContext('2d'), small: document.createElement('canvas') }));
      const BLOCKS = 16, SIZE = 1024;
      const parts = () => 2 ** (32 - length);

      /** What becomes of the addresses of each pixel, in the order of the curve. */
      function survey() {
        side = 2 ** Math.min(9, (32 - length) / 2);
        const n = side * side, span = parts() / n;
        masks = new Uint8Array(n);
        const end = base + parts();
        if (map.cells) {
          if (span >= CELL) {
            const per = span / CELL, start = base / CELL;
            for (let i = 0, c = start; i < n; i++) for (let k = 0; k < per; k++) masks[i] |= map.cells[c++];
          } else {
            for (let i = 0; i < n; i++) masks[i] = map.cells[Math.floor((base + i * span) / CELL)];
          }
        }
        for (let i = find(map, base); i < map.first.length && map.first[i] < end; i++) {
          const b = bit(map, i);
          const from = Math.max(map.first[i], base) - base, to = Math.min(map.last[i] + 1, end) - base;
          if (map.cells) { const a = Math.ceil(from / span), z = Math.floor(to / span); if (a < z) masks.fill(b, a, z); continue; }
          for (let p = Math.floor(from / span), z = Math.ceil(to / span); p < z; p++) masks[p] |= b;
        }
        const state = stateAt(base, length);
        places = curve(side, state);
        inverse = new Int32Array(n);
        for (let i = 0; i < n; i++) inverse[places[i]] = i;
        blocks = curve(BLOCKS, state);
      }

      function colors() {
        const style = getComputedStyle(root), get = name => style.getPropertyValue('--map-' + name).trim();
        const rgb = name => { const v = parseInt(get(name).slice(1), 16); return 0xff000000 | (v & 255) << 16 | v & 0xff00 | v >> 16; };
        const before = new Int32Array(16), after = new Int32Array(16);
        const base = (yes, no) => rgb(yes && no ? 'some' : yes ? 'yes' : 'no');
        for (let m = 1; m < 16; m++) {
          before[m] = base(m & 12, m & 3);
          after[m] = m === 4 ? rgb('lost') : m === 2 ? rgb('gained') : (m & 6) === 6 ? rgb('both')
            : m & 4 ? rgb('lost-some') : m & 2 ? rgb('gained-some') : base(m & 10, m & 5);
        }
        return { tables: [before, after], line: get('line'), ring: get('ring') };
      }

      function paint() {
        const { tables, line, ring } = colors(), unit = SIZE / side, step = SIZE / BLOCKS;
        // What changes may be smaller than one can see: a square with a border stands for it where little else changes.
        const cells = SIZE / BLOCKS, changed = new Map();
        for (let i = 0; i < masks.length; i++) if (masks[i] & 6) {
          const x = (places[i] % side + 0.5) * unit, y = (Math.floor(places[i] / side) + 0.5) * unit;
          const key = Math.floor(y / cells) * BLOCKS + Math.floor(x / cells);
          if (!changed.has(key)) changed.set(key, []);
          changed.get(key).push([x, y, masks[i]]);
        }
        const rings = unit < 32 ? [...changed.values()].filter(spots => spots.length <= 6).flat() : [];
        canvases.forEach(({ canvas, pen, small }, which) => {
          small.width = small.height = side;
          const image = new ImageData(side, side), pixels = new Int32Array(image.data.buffer), table = tables[which];
          for (let i = 0; i < masks.length; i++) pixels[places[i]] = table[masks[i]];
          small.getContext('2d').putImageData(image, 0, 0);
          pen.imageSmoothingEnabled = false;
          pen.drawImage(small, 0, 0, SIZE, SIZE);
          pen.strokeStyle = line; pen.lineWidth = 1; pen.beginPath();
          for (let i = 1; i < BLOCKS; i++) { const p = i * step + 0.5; pen.moveTo(p, 0); pen.lineTo(p, SIZE); pen.moveTo(0, p); pen.lineTo(SIZE, p); }
          pen.stroke();
          if (canvas.clientWidth >= 400) {
            pen.font = Math.round(10.5 * SIZE / canvas.clientWidth) + 'px system-ui, sans-serif'; pen.textBaseline = 'top';
            for (let i = 0; i < 256; i++) {
              const x = blocks[i] % BLOCKS, y = Math.floor(blocks[i] / BLOCKS), c = pixels[(y * side + x) * side / BLOCKS];
              pen.fillStyle = (c & 255) * 3 + (c >> 8 & 255) * 6 + (c >> 16 & 255) > 1250 ? 'rgb(0 0 0 / 0.5)' : 'rgb(255 255 255 / 0.55)';
              pen.fillText(i, x * step + 5, y * step + 5);
            }
          }
          pen.strokeStyle = ring; pen.lineWidth = 3;
          const size = Math.max(unit, 8) + 14;
          for (const [x, y, mask] of rings.slice(0, 300)) {
            const c = table[mask], corner = [x - size / 2, y - size / 2, size, size];
            pen.fillStyle = 'rgb(' + [c & 255, c >> 8 & 255, c >> 16 & 255] + ')';
            pen.fillRect(...corner); pen.strokeRect(...corner);
          }
          const at = blocks[chosen];
          pen.strokeStyle = ring; pen.lineWidth = 5;
          if (isMarked || document.activeElement === $('stage')) pen.strokeRect(at % BLOCKS * step + 2.5, Math.floor(at / BLOCKS) * step + 2.5, step - 5, step - 5);
          canvas.setAttribute('role', 'img');
          canvas.setAttribute('aria-label', (which ? 'After: ' : 'Before: ') + block(base, length));
        });
      }

      function crumbs() {
        const nav = $('crumbs');
        nav.textContent = '';
        for (let l = 0; l <= length; l += 8) {
          const b = document.createElement('button'), start = Math.floor(base / 2 ** (32 - l)) * 2 ** (32 - l);
          b.type = 'button'; b.textContent = block(start, l);
          if (l === length) b.setAttribute('aria-current', 'location');
          b.addEventListener('click', () => show(start, l));
          nav.append(b);
        }
      }

      const element = (name, text) => { const e = document.createElement(name); if (text !== undefined) e.textContent = text; return e; };
      const because = (map, number) => { const [what, place] = map.causes[number >> 1]; return (number & 1 ? 'allowed: ' : 'refused: ') + what + (place ? ', ' + place : ''); };
      /** Says what becomes of the addresses from one to another, and why. */
      function tell(first, last) {
        const at = $('at');
        at.textContent = '';
        at.append(element('h3', range(first, last)));
        const found = [];
        let mask = 0, covered = 0;
        for (let i = find(map, first); i < map.first.length && map.first[i] <= last; i++) {
          found.push(i); mask |= bit(map, i);
          covered += Math.min(map.last[i], last) - Math.max(map.first[i], first) + 1;
        }
        const isKnown = covered === last - first + 1;
        if (!isKnown) for (let c = Math.floor(first / CELL); c <= Math.floor(last / CELL); c++) mask |= map.cells[c];
        if (isKnown && found.length === 1) {
          const list = element('dl');
          list.append(element('dt', 'before'), element('dd', because(map, map.before[found[0]])));
          list.append(element('dt', 'after'), element('dd', because(map, map.after[found[0]])));
          at.append(list);
          if (map.first[found[0]] < first || map.last[found[0]] > last) at.append(element('p', 'the same for ' + range(map.first[found[0]], map.last[found[0]])));
          return;
        }
        at.append(element('p', words(mask) + (isKnown ? '' : '; summed up, more than one rule decides')));
        const size = i => map.last[i] - map.first[i], isChange = i => bit(map, i) & 6 ? 1 : 0;
        found.sort((a, b) => isChange(b) - isChange(a) || size(b) - size(a));
        const list = element('ul');
        for (const i of found.slice(0, 4)) list.append(element('li', range(map.first[i], map.last[i]) + ': ' + WORDS[bit(map, i)] + '. Before ' + because(map, map.before[i]) + '; after ' + because(map, map.after[i])));
        if (found.length > 4) list.append(element('li', 'and ' + (found.length - 4) + ' more ranges'));
        at.append(list);
      }
      function tellBlock() {
        const size = parts() / 256, start = base + chosen * size;
        tell(start, start + size - 1);
      }

      /** Shows a part of the space; its length is a multiple of eight below 32. */
      function show(start, bits) {
        base = start; length = bits; chosen = 0; isMarked = false;
        survey(); paint(); crumbs(); tell(base, base + parts() - 1);
      }
      const enter = () => { if (length < 24) show(base + chosen * parts() / 256, length + 8); };
      const leave = () => {
        if (length === 0) return;
        const l = length - 8, start = Math.floor(base / 2 ** (32 - l)) * 2 ** (32 - l), was = (base - start) / 2 ** (24 - l);
        show(start, l); chosen = was; paint(); tellBlock();
      };
      function go(text) {
        const found = parse(text);
        if (!found) return false;
        const l = Math.min(24, Math.floor(found.length / 8) * 8), start = Math.floor(found.address / 2 ** (32 - l)) * 2 ** (32 - l);
        show(start, l);
        const size = 2 ** (32 - found.length), first = Math.floor(found.address / size) * size;
        chosen = Math.floor((first - base) / (parts() / 256)); isMarked = true;
        paint(); tell(first, first + size - 1);
        return true;
      }

      // ---- Hands
      function under(event) {
        const box = event.currentTarget.getBoundingClientRect();
        const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
        const at = n => Math.min(n - 1, Math.max(0, Math.floor(y * n))) * n + Math.min(n - 1, Math.max(0, Math.floor(x * n)));
        return { pixel: inverse[at(side)], square: blocks.indexOf(at(BLOCKS)) };
      }
      for (const { canvas } of canvases) {
        canvas.addEventListener('pointermove', e => {
          const { pixel } = under(e), span = parts() / (side * side);
          tell(base + pixel * span, base + (pixel + 1) * span - 1);
        });
        canvas.addEventListener('click', e => { chosen = under(e).square; if (length < 24) enter(); else { paint(); tellBlock(); } });
      }
      $('stage').addEventListener('keydown', e => {
        const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
        if (move) {
          const at = blocks[chosen], x = at % BLOCKS + move[0], y = Math.floor(at / BLOCKS) + move[1];
          if (x >= 0 && y >= 0 && x < BLOCKS && y < BLOCKS) chosen = blocks.indexOf(y * BLOCKS + x);
          paint(); tellBlock();
        } else if (e.key === 'Enter' || e.key === '+') enter();
        else if (e.key === 'Escape' || e.key === 'Backspace' || e.key === '-') leave();
        else if (e.key === 'Home') show(0, 0);
        else return;
        e.preventDefault();
      });
      for (const name of ['focus', 'blur']) $('stage').addEventListener(name, paint);
      $('find').addEventListener('submit', e => { e.preventDefault(); $('address').setCustomValidity(go($('address').value) ? '' : 'Not an IPv4 address'); $('address').reportValidity(); });
      $('address').addEventListener('input', () => $('address').setCustomValidity(''));
      document.addEventListener('click', e => { const link = e.target.closest('[data-go]'); if (link) go(link.dataset.go); });
      const use = index => { map = decode(maps[index]); show(base, length); };
      if ($('service')) $('service').addEventListener('change', e => use(+e.target.value));
      matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
      addEventListener('resize', paint);

      // What is drawn has to be what the tables say.
      for (const m of maps) {
        const { lost, gained } = count(decode(m));
        if (lost !== m.refused || gained !== m.allowed) throw new Error('the map of ' + m.title + ' differs from its numbers');
      }
      use(0);
      root.dataset.lost = maps.map(m => m.refused).join(' ');
      root.dataset.gained = maps.map(m => m.allowed).join(' ');
      root.dataset.pixels = [1, 2, 4, 8].map(b => masks.reduce((n, m) => n + (m & b ? 1 : 0), 0)).join(' ');
      if (!root.dataset.script) root.dataset.script = 'ok';
    })();

    """#
}
