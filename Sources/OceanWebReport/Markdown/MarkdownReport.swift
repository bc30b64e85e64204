import OceanAddresses
import OceanPlan
import OceanReport

/// A report as a comment on a pull request: the summary, then tables, the long ones folded away.
struct MarkdownReport {
  /// What GitHub takes as the body of a comment.
  static let limit = 65_536
  private static let maxRows = 200

  private let content: ReportContent
  private var document = MarkdownDocument(limit: limit)

  init(_ content: ReportContent) {
    self.content = content
    summary()
    if !content.entries.isEmpty { changes() }
    for section in content.access where !section.survey.rows.isEmpty { access(section) }
    if let server = content.server { sessions(server) }
    presented()
    expectations()
    document.add("<sub>\(code: "ocean \(content.version)"): nothing was applied.</sub>")
  }

  var text: String { document.text }

  private static func more(_ count: Int) -> Markdown { "and \(count) more: see `--format json`" }

  private mutating func summary() {
    document.add("### ocean: \(content.title)\(Markdown(stringLiteral: verdict))\n")
    let bad = content.points.contains(where: \.tone.isWarning)
    if !content.points.isEmpty {
      let lines = content.points.prefix(20).map { point -> Markdown in "> - \(point.text)" }
      let more = content.points.count - lines.count
      let rest: [Markdown] = more > 0 ? ["> - \(Self.more(more))"] : []
      document.add(
        "\(Markdown(stringLiteral: bad ? "> [!WARNING]" : "> [!NOTE]"))\n\(Markdown(joining: lines + rest, by: "\n"))\n"
      )
    }
    var facts: [[Markdown]] = content.facts.map { ["\($0.label)", "\(code: $0.value)"] }
    if !content.classes.isEmpty {
      let classes: [Markdown] = content.classes.map { "\(code: $0)" }
      facts.append(["classes", Markdown(joining: classes, by: " ")])
    }
    if !content.unchanged.isEmpty {
      facts.append(["access", "\(content.unchanged.joined(separator: "; "))"])
    }
    document.table(["", ""], facts, max: Self.maxRows, more: Self.more)
  }

  private var verdict: String { content.direction.map { " — **\($0.text)**" } ?? "" }

  private mutating func changes() {
    document.add("#### Changes\n")
    let rows = content.entries.map { entry -> [Markdown] in
      let notes = entry.block.notes.prefix(14).map(Self.note)
      let more = entry.block.notes.count - notes.count
      let rest: [Markdown] = more > 0 ? ["\(more) more"] : []
      let classes: [Markdown] = entry.classes.map { "\(code: $0)" }
      let direction: Markdown = "\(entry.direction?.text ?? "")"
      let place: Markdown = "\(code: entry.block.place?.description ?? "")"
      return [
        "\(code: entry.block.mark.rawValue)", "\(code: entry.block.path)",
        Markdown(joining: notes + rest, by: "<br>"), Markdown(joining: classes, by: " "), direction, place,
      ]
    }
    document.table(
      ["", "Setting", "What", "Class", "Direction", "Where"], rows, max: Self.maxRows, more: Self.more)
    let quotes = content.entries.flatMap(\.lines)
    guard !quotes.isEmpty else { return }
    document.fold("The lines") { document in
      document.table(
        ["", "Where", "Line"],
        quotes.map { quote in
          ["\(code: quote.mark?.rawValue ?? "")", "\(code: "\(quote.place)")", "\(code: quote.text.trimmed)"]
        }, max: Self.maxRows, more: Self.more)
    }
  }

  private static func note(_ note: ChangeBlock.Note) -> Markdown {
    switch note {
    case .text(let text), .consequence(let text): "\(text)"
    case .entry(let mark, let text): "\(code: "\(mark.rawValue) \(text)")"
    case .detail(let text): "— \(text)"
    }
  }

  private mutating func access(_ section: AccessSection) {
    document.add("#### Who gets in at \(section.title): \(section.part.relation)\n")
    let rows = section.survey.rows.map { row -> [Markdown] in
      let (blocks, more) = row.blocks(4)
      let names: [Markdown] = blocks.map { "\(code: $0)" }
      let rest: [Markdown] = more > 0 ? ["and \(more) more"] : []
      return [
        row.isGain ? "gains" : "**loses**", "\(row.numbers)", Markdown(joining: names + rest, by: " "),
        Self.cause(row.before), Self.cause(row.after),
      ]
    }
    document.table(["", "Addresses", "Which", "Before", "After"], rows, max: Self.maxRows, more: Self.more)
    for text in section.part.reach + section.part.kept { document.add("- \(text)") }
    document.add("")
    if !section.endpoints.isEmpty {
      let endpoints: [Markdown] = section.endpoints.prefix(20).map { "\(code: $0)" }
      document.add("At \(Markdown(joining: endpoints, by: ", "))\n")
    }
    guard section.survey.rows.contains(where: { $0.rangeCount > 4 }) else { return }
    for side in section.sides {
      document.fold("\(side.numbers) \(section.words(side))") { document in
        for start in stride(from: 0, to: side.blocks.count, by: 8) {
          let blocks: [Markdown] = side.blocks[start...].prefix(8).map { "\(code: $0.short)" }
          document.add(Markdown(joining: blocks, by: " "))
        }
        if side.more > 0 { document.add("\n\(Self.more(side.more))") }
      }
    }
  }

  private static func cause(_ cause: AccessDifference.Cause) -> Markdown {
    guard let place = cause.place else { return "\(cause.words)" }
    return "\(cause.words) \(code: "\(place)")"
  }

  private mutating func sessions(_ server: ServerEffects) {
    let ended = server.sessions.count(where: \.ends)
    document.add(
      "#### Who is connected\n\n\(server.openSessions) open: \(server.openSessions - ended) kept, \(ended) ended\n"
    )
    let rows = server.sessions.map { session -> [Markdown] in
      [
        "\(code: session.info.peer)", "\(code: session.info.user ?? "")", "\(session.info.service)",
        "\(session.words)", "\(session.reason ?? "")",
      ]
    }
    document.table(
      ["Client", "Account", "Service", "What happens", "By"], rows, max: Self.maxRows, more: Self.more)
  }

  private mutating func presented() {
    let rows = content.presented.flatMap { group in
      group.changes.map { change -> [Markdown] in
        let names: [Markdown] = group.names.prefix(6).map { "\(code: $0)" }
        let more = group.names.count - names.count
        let rest: [Markdown] = more > 0 ? ["and \(more) more"] : []
        return ["\(group.subject)", Markdown(joining: names + rest, by: " "), "\(change)"]
      }
    }
    guard !rows.isEmpty else { return }
    document.add("#### Certificates\n")
    document.table(["Where", "Clients that ask for", "Are shown"], rows, max: Self.maxRows, more: Self.more)
  }

  private mutating func expectations() {
    guard !content.expectations.isEmpty else { return }
    document.add("#### Expectations\n")
    let rows = content.expectations.map { expectation -> [Markdown] in
      [
        "\(code: expectation.mark.rawValue)", "\(expectation.text)", "\(code: "\(expectation.place)")",
      ]
    }
    document.table(["", "What", "Where"], rows, max: Self.maxRows, more: Self.more)
  }
}

extension ServerEffects.Session {
  /// What becomes of it.
  var words: String {
    let words = [
      ends ? "is ended" : nil, couldNotComeBack ? "could not come back" : nil,
      isOnClosingPort ? "on a port that closes" : nil,
    ]
    return words.compactMap(\.self).joined(separator: ", ")
  }
}

extension String {
  /// Without spaces at its ends.
  var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
