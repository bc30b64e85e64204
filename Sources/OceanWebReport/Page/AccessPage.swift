import OceanAddresses
import OceanPlan
import OceanReport

/// The part of the page about who gets in: who loses and who gains, the map of IPv4 and the tree of IPv6.
struct AccessPage {
  private static let maxRows = 100
  private static let maxEighths = 32

  private let content: ReportContent
  private let maps: AddressMaps

  init(_ content: ReportContent, _ maps: AddressMaps) {
    self.content = content
    self.maps = maps
  }

  var html: HTML {
    let others: HTML =
      content.unchanged.isEmpty ? "" : "<p class=\"none\">\(content.unchanged.joined(separator: "; "))</p>"
    guard !content.access.isEmpty || !content.unchanged.isEmpty else { return "" }
    return """
      <section id="access"><h2>Who gets in</h2>
      \(content.access.map(section))\(others)
      </section>
      \(map)
      \(trees)
      """
  }

  // MARK: - Who loses, and who gains

  private func section(_ section: AccessSection) -> HTML {
    let rows = section.survey.rows.prefix(Self.maxRows).map(row)
    let rest = section.survey.rows.count - rows.count
    let more: HTML = rest > 0 ? "<p class=\"more\">and \(rest) more: see --format json</p>" : ""
    let table: HTML =
      rows.isEmpty
      ? ""
      : """
      <div class="scroll" tabindex="0" role="region" aria-label="\(section.title)"><table class="access" aria-label="\(section.title): who loses, who gains"><thead><tr><th scope="col"><span class="sr">Which way</span></th><th scope="col">Addresses</th><th scope="col">Which</th><th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>\(rows)</tbody></table></div>\(more)
      """
    let notes = (section.part.reach + section.part.kept).map { text -> HTML in "<li>\(text)</li>" }
    let endpoints = section.endpoints.prefix(24).map { text -> HTML in "<code>\(text)</code> " }
    let hidden = section.endpoints.count - endpoints.count
    return """
      <article><h3>\(section.title) <span class="chip relation">\(section.part.relation)</span></h3>
      \(HTML.when(!endpoints.isEmpty, "<p class=\"endpoints\"><span class=\"label\">At</span> \(endpoints)\(hidden > 0 ? "and \(hidden) more" : "")</p>"))
      \(table)\(HTML.when(!notes.isEmpty, "<ul class=\"notes\">\(notes)</ul>"))
      \(section.survey.rows.contains { $0.rangeCount > 6 } ? blocks(section) : "")
      </article>
      """
  }

  private func row(_ row: AccessSurvey.Row) -> HTML {
    let (blocks, more) = row.blocks(6)
    let names = blocks.map { Self.block($0) }
    return """
      <tr class="\(row.isGain ? "gain" : "loss")"><th scope="row">\(row.isGain ? "gain" : "lose")</th><td class="count">\(row.numbers)</td><td class="blocks">\(names)\(HTML.when(more > 0, "<span class=\"more\">and \(more) more</span>"))</td><td>\(Self.cause(row.before))</td><td>\(Self.cause(row.after))</td></tr>
      """
  }

  private func blocks(_ section: AccessSection) -> HTML {
    let sides = section.sides.map { side -> HTML in
      """
      <details><summary>\(side.numbers) \(section.words(side))</summary><p class="blocks">\(side.blocks.map { Self.block($0.short) })\(HTML.when(side.more > 0, "<span class=\"more\">and \(side.more) more blocks: see --format json</span>"))</p></details>
      """
    }
    return "\(sides)"
  }

  /// Addresses, which lead to their place on the map.
  private static func block(_ text: String) -> HTML {
    text.contains(":")
      ? "<code>\(text)</code> " : "<a href=\"#map\" data-go=\"\(text)\"><code>\(text)</code></a> "
  }

  private static func cause(_ cause: AccessDifference.Cause) -> HTML {
    let place = cause.place.map { place -> HTML in " <span class=\"place\">\(place.description)</span>" }
    return "\(cause.words)\(place)"
  }

  // MARK: - The map

  private var map: HTML {
    guard !maps.isEmpty else { return "" }
    let options = maps.maps.enumerated().map { index, map -> HTML in
      "<option value=\"\(index)\">\(map.title)</option>"
    }
    let choice: HTML =
      maps.maps.count > 1
      ? "<label>Service <select id=\"service\">\(options)</select></label>"
      : "<span>\(maps.maps[0].title)</span>"
    let tables = maps.maps.map(eighths)
    return """
      <section id="map"><h2>IPv4, before and after</h2>
      <p class="lead">Every IPv4 address, along a Hilbert curve: addresses that are near each other in number are near each other on the map. Each of the 16 by 16 squares is one value of the next octet. Select a square to look into it.</p>
      <div class="bar">\(choice)<nav id="crumbs" aria-label="Where on the map"></nav><form id="find"><label>Address <input id="address" inputmode="decimal" autocomplete="off" spellcheck="false" placeholder="203.0.113.9" size="15"></label><button>Show</button></form></div>
      <noscript><p class="none">The map needs the script of this page. The tables have the same numbers.</p></noscript>
      <div class="maps" id="stage" tabindex="0" role="application" aria-label="Map of the IPv4 addresses. Arrow keys move, Enter looks into a square, Escape goes back." aria-describedby="at">
      <figure><canvas id="before" width="1024" height="1024"></canvas><figcaption>Before</figcaption></figure>
      <figure><canvas id="after" width="1024" height="1024"></canvas><figcaption>After</figcaption></figure>
      </div>
      <ul class="legend"><li><i class="k-yes"></i>allowed</li><li><i class="k-no"></i>refused</li><li><i class="k-some"></i>some of each</li><li><i class="k-lost"></i>newly refused</li><li><i class="k-lost-some"></i>newly refused in part</li><li><i class="k-gained"></i>newly allowed</li><li><i class="k-gained-some"></i>newly allowed in part</li><li><i class="k-both"></i>both in part</li></ul>
      <div id="at" class="at" role="status" aria-live="polite"></div>
      \(HTML.when(maps.maps.contains { !$0.isComplete }, "<p class=\"none\">\(AddressMaps.summedUp)</p>"))
      \(tables)
      </section>
      """
  }

  /// The same in numbers.
  private func eighths(_ map: AddressMaps.Map) -> HTML {
    let all = map.eighths.enumerated().filter { $0.element.refused > 0 || $0.element.allowed > 0 }
    let sorted = all.sorted {
      ($1.element.refused + $1.element.allowed, $0.offset) < (
        $0.element.refused + $0.element.allowed, $1.offset
      )
    }
    let rows = sorted.prefix(Self.maxEighths).map { offset, count -> HTML in
      """
      <tr><th scope="row">\(Self.block("\(offset).0.0.0/8"))</th><td class="count">\(AddressNumbers.text(UInt128(count.refused)))</td><td class="count">\(AddressNumbers.text(UInt128(count.allowed)))</td></tr>
      """
    }
    let rest = sorted.count - rows.count
    let more: HTML = rest > 0 ? "<p class=\"more\">and \(rest) more with less</p>" : ""
    return """
      <details><summary>\(map.title) in numbers</summary><table aria-label="\(map.title) in numbers"><thead><tr><th scope="col">Network</th><th scope="col">newly refused</th><th scope="col">newly allowed</th></tr></thead><tbody>\(rows)</tbody></table>\(more)</details>
      """
  }

  // MARK: - The tree

  private var trees: HTML {
    let sections = content.access.filter { $0.survey.v6.count > 0 }
    guard !sections.isEmpty else { return "" }
    let trees = sections.prefix(8).map { section -> HTML in
      let difference = section.part.difference
      let leaves = section.survey.v6.pieces.flatMap { piece in
        AddressPattern(IPAddress(family: .v6, value: piece.first), IPAddress(family: .v6, value: piece.last))
          .prefixes.prefix(8).map { block in
            PrefixTree.Leaf(
              block: block, isGain: piece.after.isAllowed,
              before: difference.cause(of: piece.before, .before),
              after: difference.cause(of: piece.after, .after))
          }
      }
      let hidden = section.survey.v6.count - section.survey.v6.pieces.count
      return """
        <article><h3>\(section.title)</h3><ul class="tree">\(Self.node(PrefixTree(leaves).root, isOpen: true))</ul>\(HTML.when(hidden > 0, "<p class=\"more\">The largest ranges; \(hidden) more: see --format json</p>"))</article>
        """
    }
    return "<section id=\"tree\"><h2>IPv6</h2>\(trees)</section>"
  }

  private static func node(_ node: PrefixTree.Node, isOpen: Bool) -> HTML {
    let (lost, gained) = node.counts
    let leaves = node.leaves.map { leaf -> HTML in
      """
      <li class="\(leaf.isGain ? "gain" : "loss")"><code>\(leaf.block.short)</code> <span class="word">\(leaf.isGain ? "newly allowed" : "newly refused")</span> <span class="why">\(cause(leaf.before)) → \(cause(leaf.after))</span></li>
      """
    }
    let counts = [(lost, "newly refused", "loss"), (gained, "newly allowed", "gain")].filter { $0.0 > 0 }
      .map { count, words, kind -> HTML in "<span class=\"chip \(kind)\">\(count) \(words)</span> " }
    return """
      <li><details\(isOpen || lost + gained <= 16 ? " open" : "")><summary><code>\(node.prefix.short)</code> \(counts)</summary><ul>\(node.nodes.map { self.node($0, isOpen: false) })\(leaves)</ul></details></li>
      """
  }
}
