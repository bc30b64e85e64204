extension ReportPage {
  /// The page's style. What is lost is orange and what is gained is blue, which nearly everybody can tell apart; words
  /// say the same.
  static let style = #"""
    :root {
      --page: #ffffff; --card: #f6f8fa; --line: #d5dce3; --text: #1a2129; --soft: #59636e; --link: #0b5cad;
      --loss: #b8400a; --loss-soft: #fdeee4; --gain: #0b5cad; --gain-soft: #e3effb; --good: #1a6b3c; --good-soft: #e2f3e8;
      --map-yes: #dfe6ec; --map-no: #5d6975; --map-some: #a3aeb8; --map-lost: #d4500f; --map-lost-some: #f0a986;
      --map-gained: #1465bd; --map-gained-some: #8fbdec; --map-both: #a45fc4; --map-line: rgb(20 30 40 / 0.13);
      --map-ring: #14181d;
      --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
    }
    @media screen and (prefers-color-scheme: dark) {
      :root {
        --page: #0f1419; --card: #171e25; --line: #2d3742; --text: #e3e8ed; --soft: #9aa6b2; --link: #7db7f5;
        --loss: #ff9d66; --loss-soft: #3a2216; --gain: #7db7f5; --gain-soft: #15293f; --good: #6fd198; --good-soft: #15301f;
        --map-yes: #46525e; --map-no: #161c22; --map-some: #2c353e; --map-lost: #f26a21; --map-lost-some: #8b4a28;
        --map-gained: #3f97f2; --map-gained-some: #2b537d; --map-both: #8a4ca8; --map-line: rgb(255 255 255 / 0.10);
        --map-ring: #ffffff;
      }
    }
    * { box-sizing: border-box; }
    html { scroll-behavior: smooth; }
    body {
      margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem) 3rem; max-width: 72rem; background: var(--page);
      color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
      -webkit-text-size-adjust: 100%;
    }
    h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
    h1 { font-size: clamp(1.6rem, 5vw, 2.25rem); letter-spacing: -0.02em; margin: 0.25rem 0 1rem; }
    h2 { font-size: 1.3rem; letter-spacing: -0.01em; margin: 0 0 0.9rem; }
    h3 { font-size: 1rem; margin: 0 0 0.5rem; overflow-wrap: anywhere; }
    section { margin-top: 2.75rem; scroll-margin-top: 1rem; }
    article + article { margin-top: 2rem; }
    p { margin: 0 0 0.75rem; }
    code { font: 0.875em/1.5 var(--mono); overflow-wrap: anywhere; }
    a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 0.2em; }
    :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
    .skip { position: absolute; left: -999rem; }
    .skip:focus { left: 1rem; top: 1rem; background: var(--page); padding: 0.5rem 1rem; z-index: 1; }
    .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .brand { margin: 2.25rem 0 0; font-weight: 700; letter-spacing: -0.01em; color: var(--link); }
    .brand span { font-weight: 400; color: var(--soft); margin-left: 0.4em; }
    .label { color: var(--soft); font-size: 0.875rem; margin-right: 0.5rem; }
    .none, .more, .lead, .place, .time, footer, .why { color: var(--soft); }
    .place, .time { font: 0.8125em/1.5 var(--mono); overflow-wrap: anywhere; }
    .lead { max-width: 46rem; }
    .chip {
      display: inline-block; font: 500 0.75rem/1.6 system-ui, "DejaVu Sans", sans-serif; padding: 0 0.55em; border-radius: 1em;
      background: var(--card); color: var(--soft); border: 1px solid var(--line); letter-spacing: 0; vertical-align: 0.12em;
      white-space: nowrap;
    }
    h1 .chip { font-size: 0.875rem; vertical-align: 0.4em; }
    .chip.weakened, .chip.both, .chip.loss { background: var(--loss-soft); color: var(--loss); border-color: transparent; }
    .chip.strengthened { background: var(--good-soft); color: var(--good); border-color: transparent; }
    .chip.gain { background: var(--gain-soft); color: var(--gain); border-color: transparent; }

    .points { list-style: none; margin: 0 0 1.5rem; padding: 0; border: 1px solid var(--line); border-radius: 10px; }
    .points li { padding: 0.6rem 1rem 0.6rem 2.4rem; position: relative; overflow-wrap: anywhere; }
    .points li + li { border-top: 1px solid var(--line); }
    .points li::before {
      content: ""; position: absolute; left: 1rem; top: 1.12em; width: 0.6rem; height: 0.6rem; border-radius: 50%;
      background: var(--soft);
    }
    .points .bad::before, .points .loss::before { background: var(--loss); border-radius: 2px; }
    .points .gain::before { background: var(--gain); }
    .points .good::before { background: var(--good); }
    .facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; margin: 0 0 1rem; }
    .facts div { display: contents; }
    .facts dt { color: var(--soft); font-size: 0.875rem; padding-top: 0.1em; }
    .facts dd { margin: 0; overflow-wrap: anywhere; font: 0.875rem/1.6 var(--mono); }
    .classes { line-height: 2; }

    .changes { list-style: none; margin: 0; padding: 0; display: grid; gap: 0.75rem; }
    .change { border: 1px solid var(--line); border-left-width: 4px; border-radius: 8px; padding: 0.8rem 1rem; min-width: 0; }
    .change.added { border-left-color: var(--gain); }
    .change.removed { border-left-color: var(--loss); }
    .change h3 { margin: 0 0 0.25rem; }
    .change h3 code { font-weight: 600; font-size: 0.9375rem; margin-right: 0.35rem; }
    .mark { font: 700 1rem/1 var(--mono); color: var(--soft); margin-right: 0.6rem; }
    .added .mark { color: var(--gain); }
    .removed .mark { color: var(--loss); }
    .notes { list-style: none; margin: 0.15rem 0 0; padding: 0; overflow-wrap: anywhere; }
    .notes .ins code { color: var(--gain); }
    .notes .del code { color: var(--loss); }
    .notes .detail { color: var(--soft); padding-left: 1rem; }
    .quote { margin: 0.7rem 0 0; border-radius: 6px; background: var(--card); overflow: hidden; }
    .quote figcaption { font: 0.75rem/1.5 var(--mono); color: var(--soft); padding: 0.4rem 0.8rem 0; overflow-wrap: anywhere; }
    .lines { overflow-x: auto; padding: 0.4rem 0; font: 0.8125rem/1.6 var(--mono); }
    .lines > div { display: table; width: 100%; }
    .lines .line { display: table-row; white-space: pre; }
    .lines .line > * { display: table-cell; }
    .lines .ins { background: var(--gain-soft); }
    .lines .del { background: var(--loss-soft); }
    .lines code { font-size: inherit; overflow-wrap: normal; }
    .number { color: var(--soft); width: 1%; padding-left: 0.8rem; text-align: right; user-select: none; }
    .sign { width: 2em; text-align: center; color: var(--soft); }

    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; }
    th, td { text-align: left; vertical-align: top; padding: 0.55rem 1rem 0.55rem 0; border-bottom: 1px solid var(--line); }
    thead th { font-weight: 500; font-size: 0.8125rem; color: var(--soft); white-space: nowrap; }
    .count { white-space: nowrap; font-variant-numeric: tabular-nums; }
    .loss > th { color: var(--loss); }
    .gain > th { color: var(--gain); }
    td .place { display: block; }
    .blocks a, .blocks code { display: inline-block; margin-right: 0.35rem; }
    .endpoints code { margin-right: 0.75rem; }
    .scroll + .notes, article + .none { margin-top: 0.75rem; }
    details { margin-top: 0.6rem; }
    summary { cursor: pointer; }

    .bar { display: flex; flex-wrap: wrap; gap: 0.6rem 1.5rem; align-items: center; margin-bottom: 1rem; }
    .bar form { margin-left: auto; display: flex; gap: 0.5rem; align-items: center; }
    .bar label { color: var(--soft); font-size: 0.875rem; }
    input, select, button {
      font: 0.875rem/1.4 var(--mono); color: var(--text); background: var(--page); border: 1px solid var(--line);
      border-radius: 6px; padding: 0.35rem 0.6rem; max-width: 100%;
    }
    button { background: var(--card); cursor: pointer; font-family: inherit; }
    button:hover { border-color: var(--soft); }
    nav { display: flex; flex-wrap: wrap; gap: 0.25rem; align-items: center; }
    nav button { font-family: var(--mono); padding: 0.25rem 0.5rem; }
    nav button[aria-current] { background: none; border-color: transparent; font-weight: 600; color: var(--text); }
    .maps { display: grid; grid-template-columns: 1fr 1fr; gap: 1.25rem; }
    .maps figure { margin: 0; min-width: 0; }
    .maps canvas { display: block; width: 100%; height: auto; border-radius: 6px; border: 1px solid var(--line); cursor: zoom-in; touch-action: manipulation; }
    .maps figcaption { color: var(--soft); font-size: 0.875rem; margin-top: 0.35rem; }
    .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1.1rem; margin: 0.9rem 0; padding: 0; font-size: 0.875rem; color: var(--soft); }
    .legend i { display: inline-block; width: 0.85rem; height: 0.85rem; border-radius: 3px; margin-right: 0.4rem; vertical-align: -0.1rem; border: 1px solid var(--line); print-color-adjust: exact; }
    .k-yes { background: var(--map-yes); } .k-no { background: var(--map-no); } .k-some { background: var(--map-some); }
    .k-lost { background: var(--map-lost); } .k-lost-some { background: var(--map-lost-some); }
    .k-gained { background: var(--map-gained); } .k-gained-some { background: var(--map-gained-some); } .k-both { background: var(--map-both); }
    .at { background: var(--card); border-radius: 8px; padding: 0.8rem 1rem; min-height: 8.2rem; margin-bottom: 1rem; font-size: 0.9375rem; }
    .at h3 { font-family: var(--mono); margin-bottom: 0.3rem; }
    .at dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; margin: 0; }
    .at dt { color: var(--soft); }
    .at dd { margin: 0; overflow-wrap: anywhere; }
    .at ul { margin: 0.4rem 0 0; padding: 0; list-style: none; }

    .tree, .tree ul { list-style: none; margin: 0; padding: 0; }
    .tree ul { margin-left: 0.45rem; padding-left: 1.1rem; border-left: 1px solid var(--line); }
    .tree li { padding: 0.15rem 0; overflow-wrap: anywhere; }
    .tree details { margin: 0; }
    .tree .word { font-size: 0.875rem; }
    .loss > .word { color: var(--loss); }
    .gain > .word { color: var(--gain); }
    .tree .why { display: block; font-size: 0.875rem; }
    footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 0.875rem; }

    @media (max-width: 46rem) {
      .maps { grid-template-columns: 1fr; }
      .bar form { margin-left: 0; }
      .facts { grid-template-columns: 1fr; gap: 0; }
      .facts dd { margin-bottom: 0.4rem; }
      table.access, .access tbody, .access tr, .access td, .access th { display: block; border: 0; padding: 0; }
      .access thead { display: none; }
      .access tr { border-bottom: 1px solid var(--line); padding: 0.6rem 0; }
      .access td:nth-of-type(3)::before { content: "before: "; color: var(--soft); }
      .access td:nth-of-type(4)::before { content: "after: "; color: var(--soft); }
      .access td .place { display: inline; }
    }
    @media print {
      :root { --page: #fff; --card: #f6f8fa; --text: #000; --soft: #444; --line: #bbb; }
      body { max-width: none; font-size: 10.5pt; padding: 0; }
      .skip, .bar form, nav { display: none; }
      .change, tr, .maps, .quote { break-inside: avoid; }
      .lines .line { white-space: pre-wrap; }
      section { margin-top: 1.5rem; }
      .points li::before, .quote, .lines .ins, .lines .del, .chip, canvas { print-color-adjust: exact; }
    }
    @media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
    """#
}
