extension Page {
  /// Dark text on white, in the fonts that are there; figures and tables are kept whole on paper.
  static let style = """
    :root { color-scheme: light; }
    body { margin: 0; background: #fff; color: #1a1a1a; font: 1rem/1.5 system-ui, sans-serif; }
    main { max-width: 56rem; margin: 0 auto; padding: 1.5rem; }
    h1 { font-size: 1.6rem; line-height: 1.25; }
    h2 { font-size: 1.3rem; margin: 0 0 .5rem; }
    h3 { font-size: 1.1rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #bbb; }
    article + article { margin-top: 3rem; }
    .verdict { border-left: .4rem solid #0072b2; background: #f2f7fa; padding: 1rem 1.25rem; }
    .answer { font-size: 1.15rem; margin: 0; }
    .doubt strong { color: #9c3f00; }
    .note { color: #444; font-size: .9rem; }
    figure { margin: 1rem 0; }
    figure svg { width: 100%; height: auto; display: block; }
    figure.dot svg { width: auto; max-width: 100%; }
    figure img { max-width: 100%; image-rendering: pixelated; display: block; }
    figcaption, caption { text-align: left; color: #333; font-size: .95rem; padding-bottom: .25rem; }
    .table { overflow-x: auto; margin: 1rem 0; }
    table { min-width: min(34rem, 100%); border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
    th, td { padding: .2rem .75rem .2rem 0; text-align: right; border-bottom: 1px solid #ddd; font-weight: normal; }
    th[scope=row], thead th:first-child { text-align: left; }
    thead th, thead td { border-bottom: 2px solid #555; font-weight: 600; }
    pre { overflow-x: auto; background: #f6f6f6; padding: .75rem; font-size: .8rem; line-height: 1.4; }
    @media print {
      main { max-width: none; padding: 0; }
      body { font-size: 10pt; }
      figure, tr, .verdict { break-inside: avoid; }
      figure svg { max-height: 11cm; }
      h2, h3, caption { break-after: avoid; }
      pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 6.5pt; }
      .table { overflow: visible; }
      a { color: inherit; text-decoration: none; }
    }
    """
}
