import OceanPlan

/// How the page looks. It is in the page itself, which loads nothing.
package enum PageStyle {
  static let text = """
    :root{color-scheme:light dark;--ground:#f6f8fa;--card:#fff;--line:#d8dee6;--ink:#17222e;--soft:#52606f;--sea:#0b6e8f;\
    --sea2:#7fc4d9;--bad:#b3261e;--badground:#fdecea;--warn:#8a5300;--warnground:#fff4e0;--good:#1d6b3a;--goodground:#e8f5ec}
    @media(prefers-color-scheme:dark){:root{--ground:#0d141b;--card:#151f29;--line:#2b3947;--ink:#e6edf3;--soft:#9fb0c0;\
    --sea:#5cc3e4;--sea2:#2d7a96;--bad:#ff8a80;--badground:#3b1614;--warn:#f5c065;--warnground:#33260d;--good:#7fd99a;\
    --goodground:#12301d}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,\
    "Noto Sans",sans-serif}
    .skip{position:absolute;left:-999px}
    .skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem}
    header,main,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}
    header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25rem 1rem;padding-top:1.5rem}
    h1{font-size:1.5rem;margin:0}
    h2{font-size:1.05rem;margin:0 0 .75rem}
    p{margin:0 0 .5rem}
    .soft,caption,figcaption,dt{color:var(--soft)}
    .badge{border-radius:99px;padding:.05rem .7rem;font-weight:600;font-size:.875rem}
    .good{background:var(--goodground);color:var(--good)}
    .warn{background:var(--warnground);color:var(--warn)}
    .bad{background:var(--badground);color:var(--bad)}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:1rem;margin:1.25rem 0;padding:0;\
    list-style:none}
    .tiles li,section{background:var(--card);border:1px solid var(--line);border-radius:.75rem}
    .tiles li{padding:.75rem 1rem}
    .tiles b{display:block;font-size:1.6rem;line-height:1.3;font-variant-numeric:tabular-nums}
    section{padding:1.1rem 1.25rem;margin:0 0 1rem;min-width:0}
    .notes{padding:0;list-style:none;margin:0}
    .notes li{border-left:.3rem solid;padding:.4rem .8rem;margin:0 0 .5rem;border-radius:.25rem;overflow-wrap:anywhere}
    .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:0 1rem;align-items:start}
    .scroll{overflow-x:auto}
    table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
    caption{text-align:left;padding:0 0 .4rem;font-size:.875rem}
    th,td{text-align:left;padding:.35rem .9rem .35rem 0;border-top:1px solid var(--line);vertical-align:top}
    thead th{border-top:0;color:var(--soft);font-weight:600;font-size:.875rem;white-space:nowrap}
    tbody th{font-weight:600}
    td code,th code,.time{white-space:nowrap}
    td code.each{display:block}
    td{overflow-wrap:normal}
    .name{overflow-wrap:anywhere;min-width:7.5rem}
    .n{text-align:right}
    code{font:0.9em ui-monospace,"Cascadia Mono","DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}
    dd{margin:0;overflow-wrap:anywhere}
    figure{margin:0 0 1.1rem}
    figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;font-size:.875rem}
    figcaption b{color:var(--ink)}
    .chart{overflow-x:auto;direction:rtl}
    svg{display:block;width:100%;min-width:38rem;height:auto;direction:ltr}
    .bar{fill:var(--sea)}.bar2{fill:var(--bad)}.fill{fill:var(--sea2)}.edge{stroke:var(--sea);fill:none;stroke-width:2}
    .grid{stroke:var(--line)}
    meter{width:100%;min-width:5rem;height:.8rem;accent-color:var(--sea)}
    summary{cursor:pointer;color:var(--sea)}
    a{color:var(--sea)}
    :focus-visible{outline:3px solid var(--sea);outline-offset:2px;border-radius:.2rem}
    footer{padding:0 1.25rem 2rem;color:var(--soft);font-size:.875rem}
    @media(max-width:30rem){header,main,footer{padding-left:.9rem;padding-right:.9rem}section{padding:.9rem}\
    .tiles{grid-template-columns:1fr 1fr;gap:.6rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}\
    .scroll{font-size:.875rem}.wide{display:none}caption{max-width:calc(100vw - 3.8rem)}th,td{padding-right:.6rem}}
    """

  /// The Content-Security-Policy of the page: nothing is loaded or run, and only this style is used.
  package static let policy =
    "default-src 'none'; style-src 'sha256-\(Digest(of: text.utf8).base64)'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
