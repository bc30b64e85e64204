import OceanPlan
import OceanReport

/// A report as one page that fetches nothing: style, script and data are in it, and nothing else may run.
struct ReportPage {
  private static let maxEntries = 500
  private static let maxSessions = 500
  private static let maxNames = 24

  private let content: ReportContent
  private let maps: AddressMaps

  init(_ content: ReportContent) {
    self.content = content
    maps = AddressMaps(content.access)
  }

  var text: String {
    let (style, script) = (ReportPage.style, maps.isEmpty ? ReportPage.printScript : ReportPage.script)
    let page: HTML = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '\(Self.source(style))'; script-src '\(Self.source(script))'; base-uri 'none'; form-action 'none'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="referrer" content="no-referrer">
      <title>ocean: \(content.title)</title>
      <style>\(HTML(markup: style))</style>
      </head>
      <body>
      <a class="skip" href="#changes">Skip to the changes</a>
      \(header)
      <main>
      \(changes)
      \(AccessPage(content, maps).html)
      \(sessions)
      \(certificates)
      \(expectations)
      </main>
      <footer><p>Written by ocean \(content.version). Nothing was applied.\(maps.note)</p></footer>
      \(maps.isEmpty ? "" : HTML(markup: "<script type=\"application/json\" id=\"data\">\(maps.json)</script>"))
      <script>\(HTML(markup: script))</script>
      </body>
      </html>

      """
    return page.text
  }

  /// What a policy calls an inline text.
  private static func source(_ text: String) -> String { "sha256-\(Digest(of: text.utf8).base64)" }

  // MARK: - Summary

  private var header: HTML {
    let facts = content.facts.map { fact -> HTML in
      "<div><dt>\(fact.label)</dt><dd>\(fact.value)</dd></div>"
    }
    let points = content.points.map { point -> HTML in
      "<li class=\"\(point.tone.rawValue)\">\(point.text)</li>"
    }
    let classes = content.classes.map { name -> HTML in "<span class=\"chip\">\(name)</span> " }
    return """
      <header>
      <p class="brand">ocean <span>report of a change</span></p>
      <h1>\(content.title)\(content.direction.map { Self.chip($0) })</h1>
      \(HTML.when(!points.isEmpty, "<ul class=\"points\">\(points)</ul>"))
      <dl class="facts">\(facts)</dl>
      \(HTML.when(!classes.isEmpty, "<p class=\"classes\"><span class=\"label\">Classes</span> \(classes)</p>"))
      </header>
      """
  }

  static func chip(_ direction: Direction) -> HTML {
    " <span class=\"chip \(direction.rawValue)\">\(direction.text)</span>"
  }

  // MARK: - Changes

  private var changes: HTML {
    guard !content.entries.isEmpty else {
      return
        "<section id=\"changes\"><h2>Changes</h2><p class=\"none\">What runs stays as it is.</p></section>"
    }
    let rest = content.entries.count - Self.maxEntries
    let more: HTML = rest > 0 ? "<p class=\"more\">and \(rest) more: see --format json</p>" : ""
    return """
      <section id="changes"><h2>Changes</h2>
      <ol class="changes">
      \(content.entries.prefix(Self.maxEntries).map(Self.entry))
      </ol>\(more)
      </section>
      """
  }

  private static func entry(_ entry: ReportContent.Entry) -> HTML {
    let mark = entry.block.mark
    let name = mark == .added ? "added" : mark == .removed ? "removed" : "changed"
    let classes = entry.classes.map { text -> HTML in " <span class=\"chip\">\(text)</span>" }
    // A line may end behind each dot.
    let path = entry.block.path.split(separator: ".").enumerated().map { index, key -> HTML in
      index == 0 ? "\(String(key))" : ".<wbr>\(String(key))"
    }
    let notes = entry.block.notes.map { note -> HTML in
      switch note {
      // The heading says it.
      case .text(let text) where text == entry.direction?.text: ""
      case .text(let text): "<li>\(text)</li>"
      case .entry(let mark, let text):
        "<li class=\"\(mark == .added ? "ins" : "del")\"><code>\(mark.rawValue) \(text)</code></li>"
      case .consequence(let text): "<li class=\"effect\">\(text)</li>"
      case .detail(let text): "<li class=\"detail\">\(text)</li>"
      }
    }
    let place = entry.block.place.map { place -> HTML in "<span class=\"place\">\(place.description)</span>" }
    return """
      <li class="change \(name)">
      <h3><span class="mark" aria-hidden="true">\(mark.rawValue)</span><span class="sr">\(name): </span><code>\(path)</code>\(entry.direction.map(chip))\(classes)</h3>
      <ul class="notes">\(notes)</ul>
      \(entry.lines.isEmpty ? place ?? "" : quote(entry.lines))
      </li>

      """
  }

  /// Lines of a config, as they are written there.
  private static func quote(_ lines: [ReportContent.Quote]) -> HTML {
    let files = lines.reduce(into: [String]()) { if $0.last != $1.place.file { $0.append($1.place.file) } }
    let rows = lines.map { line -> HTML in
      let kind = line.mark == .added ? "ins" : line.mark == .removed ? "del" : "same"
      let file: HTML = files.count > 1 ? "\(line.place.file):" : ""
      return """
        <div class="line \(kind)"><span class="number">\(file)\(line.place.line)</span><span class="sign">\(line.mark?.rawValue ?? " ")</span><code>\(line.text)</code></div>
        """
    }
    let caption: HTML = files.count == 1 ? "<figcaption>\(files[0])</figcaption>" : ""
    return
      "<figure class=\"quote\">\(caption)<div class=\"lines\" tabindex=\"0\" role=\"group\" aria-label=\"Lines of \(files.joined(separator: " and "))\"><div>\(rows)</div></div></figure>"
  }

  // MARK: - Sessions, certificates, expectations

  private var sessions: HTML {
    guard let server = content.server else { return "" }
    let ended = server.sessions.count(where: \.ends)
    let rows = server.sessions.prefix(Self.maxSessions).map { session -> HTML in
      """
      <tr><th scope="row"><code>\(session.info.peer)</code></th><td>\(session.info.user ?? "not logged in")</td><td>\(session.info.service)</td><td>\(session.words)</td><td>\(session.reason ?? "")</td><td class="time">\(session.info.since)</td></tr>
      """
    }
    let rest = server.sessions.count - rows.count
    let more: HTML = rest > 0 ? "<p class=\"more\">and \(rest) more: see --format json</p>" : ""
    let table: HTML =
      rows.isEmpty
      ? "<p class=\"none\">Nobody who is connected is affected.</p>"
      : """
      <div class="scroll" tabindex="0" role="region" aria-label="Sessions"><table aria-label="Sessions that could not come back, or end"><thead><tr><th scope="col">Client</th><th scope="col">Account</th><th scope="col">Service</th><th scope="col">What happens</th><th scope="col">By</th><th scope="col">Since</th></tr></thead><tbody>\(rows)</tbody></table></div>\(more)
      """
    return """
      <section id="sessions"><h2>Who is connected</h2>
      <p>\(server.openSessions) open: \(server.openSessions - ended) kept, \(ended) ended</p>
      \(table)
      </section>
      """
  }

  private var certificates: HTML {
    guard !content.presented.isEmpty else { return "" }
    let rows = content.presented.map { group -> HTML in
      let names = group.names.prefix(Self.maxNames).map { name -> HTML in
        name == "no name" ? "<em>no name</em> " : "<code>\(name)</code> "
      }
      let rest = group.names.count - names.count
      let more: HTML = rest > 0 ? "and \(rest) more" : ""
      let changes = group.changes.map { change -> HTML in "<div>\(change)</div>" }
      return "<tr><th scope=\"row\">\(group.subject)</th><td>\(names)\(more)</td><td>\(changes)</td></tr>"
    }
    return """
      <section id="certificates"><h2>Certificates</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Certificates"><table aria-label="Certificates that are presented"><thead><tr><th scope="col">At</th><th scope="col">Clients that ask for</th><th scope="col">Are shown</th></tr></thead><tbody>\(rows)</tbody></table></div>
      </section>
      """
  }

  private var expectations: HTML {
    guard !content.expectations.isEmpty else { return "" }
    let rows = content.expectations.map { expectation -> HTML in
      """
      <li class="\(expectation.mark == .added ? "ins" : "del")"><code>\(expectation.mark.rawValue) \(expectation.text)</code> <span class="place">\(expectation.place.description)</span></li>
      """
    }
    return """
      <section id="expectations"><h2>Expectations</h2>
      <p>What no longer has to hold, and what has to from now on.</p>
      <ul class="notes">\(rows)</ul>
      </section>
      """
  }
}
