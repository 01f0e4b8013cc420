/// The look of the report page: system fonts, light and dark, paper, and telephones.
package enum CheckPageStyle {
    /// The style sheet.
    package static let css = """
        :root { color-scheme: light dark; --paper: #fff; --ink: #1d2430; --soft: #5a6575; --line: #d9dee6;
          --tint: #f4f6f9; --bar: #3a6ea5; --good: #1b6e3c; --bad: #a3231f; --warn: #8a5a00; }
        @media (prefers-color-scheme: dark) { :root { --paper: #14181e; --ink: #e6eaf0; --soft: #9aa6b6;
          --line: #333c48; --tint: #1d232b; --bar: #6ea3dc; --good: #6fce95; --bad: #ff8f87; --warn: #e9b957; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
        main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
        h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
        p { margin: .4rem 0; }
        .soft, caption, th { color: var(--soft); }
        .verdict { margin: 1rem 0; padding: .75rem 1rem; border-left: .35rem solid; background: var(--tint); }
        .verdict strong { display: block; font-size: 1.1rem; }
        .good { border-color: var(--good); } .good strong { color: var(--good); }
        .bad { border-color: var(--bad); } .bad strong { color: var(--bad); }
        .warn { border-color: var(--warn); } .warn strong { color: var(--warn); }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .6rem; margin: 1rem 0; }
        .tile { background: var(--tint); padding: .6rem .8rem; }
        .tile b { display: block; font-size: 1.35rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
        .tile span { color: var(--soft); font-size: .9rem; }
        table { border-collapse: collapse; width: 100%; margin: .4rem 0; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line);
          overflow-wrap: break-word; }
        th { font-weight: 600; font-size: .85rem; }
        .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        td.n { overflow-wrap: normal; } td:first-child { white-space: nowrap; padding-right: 1rem; } h1 .path { font-size: 1.3rem; font-weight: 500; }
        .plot { width: 30%; }
        .path, code { font-family: ui-monospace, "SFMono-Regular", Menlo, "DejaVu Sans Mono", "Noto Sans Mono", monospace;
          font-size: .875rem; overflow-wrap: anywhere; }
        ul { margin: .3rem 0; padding-left: 1.2rem; }
        li { margin: .15rem 0; }
        li .why { color: var(--soft); font-size: .9rem; display: block; overflow-wrap: anywhere; }
        svg { display: block; fill: var(--bar); }
        svg.bar { width: 100%; height: .7rem; margin-top: .45rem; background: var(--tint); }
        svg.columns { width: 100%; height: 8rem; border-bottom: 1px solid var(--line); }
        .axis { display: flex; justify-content: space-between; color: var(--soft); font-size: .85rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .5rem 0; }
        dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
        summary { cursor: pointer; color: var(--soft); }
        @media (max-width: 34rem) { main { padding: 1rem .8rem 3rem; } dl { grid-template-columns: 1fr; gap: 0; }
          dd { margin-bottom: .5rem; } .plot { width: 18%; } th, td, td:first-child { padding-right: .5rem; } }
        @media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --tint: #f4f4f4;
          --bar: #555; --good: #000; --bad: #000; --warn: #000; } main { max-width: none; padding: 0; }
          h2, h3 { break-after: avoid; } tr, li, .tile, .verdict { break-inside: avoid; }
          svg, .tile, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
        """
}
