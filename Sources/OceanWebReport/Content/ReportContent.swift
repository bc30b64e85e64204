import OceanBase
import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax

/// All that a report says, in the order in which it says it, as it came: nothing is escaped yet.
struct ReportContent {
  /// What a sentence tells of: somebody who loses or gains something, what is weaker or otherwise to be thought about,
  /// what is stronger, or none of these.
  enum Tone: String {
    case loss
    case gain
    case bad
    case good
    case plain

    /// Whether somebody should look twice.
    var isWarning: Bool { self != .good && self != .plain }
  }

  struct Point {
    let tone: Tone
    let text: String
  }

  /// A change, with the lines that say so.
  struct Entry {
    let block: ChangeBlock
    let classes: [String]
    let direction: Direction?
    let lines: [Quote]
  }

  /// A line of a config.
  struct Quote: Hashable {
    let mark: ChangeBlock.Mark?
    let place: Provenance.Origin
    let text: String
  }

  struct Expectation {
    let mark: ChangeBlock.Mark
    let text: String
    let place: Provenance.Origin
  }

  /// `2 changes`.
  let title: String
  let direction: Direction?
  let isEmpty: Bool
  let points: [Point]
  /// Labels and values.
  let facts: [(label: String, value: String)]
  let classes: [String]
  let entries: [Entry]
  /// Those whose clients gain or lose something.
  let access: [AccessSection]
  /// `internal: equivalent`, for the others.
  let unchanged: [String]
  let presented: [PresentedGroup]
  /// Nil if no server was asked.
  let server: ServerEffects?
  let expectations: [Expectation]
  let version: String

  init(_ diff: PlanDiff, _ context: ChangeReport.Context) {
    let quotes = Quotes(diff, context)
    let (text, parts) = inParallel {
      DiffText(diff: diff, on: Screen())
    } _: {
      diff.accessParts.map { part in (part, part.isChanged ? AccessSection(part, in: diff) : nil) }
    }
    title = diff.hasEffect || !diff.isEmpty ? text.summary : "No effect"
    direction = diff.direction
    isEmpty = diff.isEmpty
    entries = text.blocks.map { block in
      Entry(
        block: block, classes: Set(block.changes.map { diff.changeClass(of: $0).rawValue }).sorted(),
        direction: Direction(of: block.changes.map { diff.direction(of: $0) }), lines: quotes.lines(of: block)
      )
    }
    access = parts.compactMap(\.1)
    unchanged = parts.filter { $0.1 == nil }.map { "\($0.0.difference.subject): \($0.0.relation)" }
    presented = diff.presentedGroups
    server = diff.supplement.server
    classes = diff.classes.map(\.rawValue).sorted()
    expectations =
      (diff.expectations?.removed ?? []).map { Expectation(mark: .removed, text: $0.text, place: $0.span) }
      + (diff.expectations?.added ?? []).map { Expectation(mark: .added, text: $0.text, place: $0.span) }
    version = context.version
    points = Self.points(diff, access, server)
    facts = Self.facts(diff, context)
  }

  private static func facts(
    _ diff: PlanDiff, _ context: ChangeReport.Context
  ) -> [(label: String, value: String)] {
    var facts = [("from", context.against), ("to", "\(context.new), \(diff.to.short)")]
    if let inputs = context.inputs { facts.append(("files", inputs)) }
    if let holding = context.holding { facts.append(("expectations", "\(holding) hold")) }
    let listeners = ServerEffects.Listeners(diff)
    if listeners.opened > 0 || listeners.closed > 0 {
      facts.append(("listeners", LiveText.listeners(of: diff)))
    }
    return facts
  }

  // MARK: - The summary

  private static func points(
    _ diff: PlanDiff, _ access: [AccessSection], _ server: ServerEffects?
  ) -> [Point] {
    var points = access.flatMap(\.points)
    let sessions = server?.sessions ?? []
    let (gone, ended) = (sessions.count(where: \.couldNotComeBack), sessions.count(where: \.ends))
    if gone > 0 {
      let open = server?.openSessions ?? gone
      points.append(
        Point(
          tone: .bad,
          text: "\(gone) of \(open) connected \(open == 1 ? "client" : "clients") could not come back"))
    }
    if ended > 0 {
      points.append(Point(tone: .bad, text: "\(ended) \(ended == 1 ? "session is" : "sessions are") ended"))
    }
    for change in diff.changes {
      switch change {
      case .opened(let listener, let service):
        points.append(
          Point(tone: .gain, text: "opens \(diff.new.text(of: listener, service)) for \(service)"))
      case .closed(let listener, let service):
        let listener = diff.old?.text(of: listener, service) ?? "\(listener)"
        points.append(Point(tone: .loss, text: "closes \(listener) of \(service)"))
      case .handedOver, .setting: break
      }
    }
    let restart = diff.changes.filter(\.needsRestart)
    if !restart.isEmpty {
      points.append(
        Point(tone: .bad, text: "\(restart.map(\.path).joined(separator: ", ")) \(DiffText.needsRestart)"))
    }
    for (direction, tone) in [(Direction.weakened, Tone.bad), (.strengthened, .good)] {
      let words = diff.subjects(of: direction)
      if !words.isEmpty {
        points.append(Point(tone: tone, text: "\(direction.rawValue): \(words.joined(separator: " "))"))
      }
    }
    return points
  }
}

extension AccessPart {
  /// Whether somebody gains or loses something.
  fileprivate var isChanged: Bool { difference.relation != .equivalent || !reach.isEmpty }
}

/// Finds the lines of configs that say something.
private struct Quotes {
  private static let maxLength = 240

  private let diff: PlanDiff
  private let context: ChangeReport.Context

  init(_ diff: PlanDiff, _ context: ChangeReport.Context) {
    self.diff = diff
    self.context = context
  }

  /// The lines before and after; one if the value stands in the same words.
  func lines(of block: ChangeBlock) -> [ReportContent.Quote] {
    let before = diff.old?.provenance[block.path].flatMap { quote($0, context.oldSources) }
    let after = diff.new.provenance[block.path].flatMap { quote($0, context.newSources) }
    func marked(_ quote: ReportContent.Quote, _ mark: ChangeBlock.Mark) -> ReportContent.Quote {
      ReportContent.Quote(mark: mark, place: quote.place, text: quote.text)
    }
    switch (before, after) {
    case (let before?, let after?):
      return before.text == after.text ? [after] : [marked(before, .removed), marked(after, .added)]
    case (let before?, nil): return [marked(before, .removed)]
    case (nil, let after?): return [marked(after, .added)]
    case (nil, nil):
      // What nobody has written is at the section around it.
      let place = block.place
      return [place.flatMap { quote($0, block.mark == .removed ? context.oldSources : context.newSources) }]
        .compactMap(\.self)
    }
  }

  private func quote(_ place: Provenance.Origin, _ sources: SourceSet?) -> ReportContent.Quote? {
    guard let line = sources?.line(place.line, of: place.file), !line.isBlank else { return nil }
    let text = line.escapedForDisplay
    return ReportContent.Quote(
      mark: nil, place: place, text: text.count > Self.maxLength ? text.prefix(Self.maxLength) + "…" : text)
  }
}
