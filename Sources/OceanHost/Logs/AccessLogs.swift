import OceanBase
package import OceanReplay

/// Access logs that are replayed together, in the order of their times. They are read as streams: a log may
/// be larger than memory.
package struct AccessLogs {
  /// Lines that are not like the server's, and how many there are of each kind.
  package struct Faults: Sendable, Hashable {
    /// Lines that are not JSON. A full disk leaves half a line, and so does cutting a log in two.
    package var broken = 0
    /// Where the first of these are.
    package var places: [String] = []
    /// Last lines of logs that are cut off, as one that is being written may be.
    package var cutOff = 0
    /// Lines of JSON without the fields of an access log, or with other values.
    package var foreign = 0
    /// Where the first of these is.
    package var foreignPlace: String?
    /// Lines of more than 64 KiB.
    package var tooLong = 0
    /// Lines that end in CR LF; they are read all the same.
    package var withCarriageReturn = 0
    /// Lines of times that are still to come; they are read all the same.
    package var future = 0
    /// Logs without a line.
    package var empty: [String] = []

    package init() {}
  }

  private static let maxPlaces = 3
  /// Clocks of two machines may differ by so much, in milliseconds.
  private static let tolerance: Int64 = 60_000
  /// The time of a log's first line is looked for in so many.
  private static let firstLines = 1000

  package private(set) var replay: Replay
  package private(set) var faults = Faults()
  private let now: Int64
  private var hasEvents = false

  /// - Parameter now: the present time, in nanoseconds since 1970.
  package init(_ replay: Replay, now: Int64) {
    self.replay = replay
    self.now = now / 1_000_000
  }

  /// Reads logs, and judges all of their connections.
  ///
  /// - Parameters:
  ///   - paths: `-` is standard input.
  ///   - progress: called often, with the octets read and, if all logs are files, their octets in all.
  package mutating func read(_ paths: [String], progress: (UInt64, UInt64?) -> Void) throws(Failure) {
    var waiting: [(first: Int64, source: LogSource)] = []
    for path in paths {
      let source = try LogSource(path, replay.reader.scanner)
      if let other = waiting.first(where: { $0.source.isSame(as: source) })?.source {
        throw Failure("\(source.name) and \(other.name) are the same file: its lines would count twice")
      }
      waiting.append((try firstTime(of: source), source))
    }
    let sources = waiting.map(\.source)
    let total = sources.reduce(UInt64(0) as UInt64?) { sum, source in
      guard let sum, let octets = source.octets else { return nil }
      return sum + octets
    }
    waiting.sort { $0.first < $1.first }
    var next = waiting[...]
    var open: [OpenLog] = []
    func show() { progress(sources.reduce(0) { $0 + $1.octetsRead }, total) }
    while true {
      // The log whose next line is the oldest, and until when it stays that.
      let place = open.indices.min { open[$0].time < open[$1].time }
      guard let place, next.first.map({ $0.first > open[place].time }) ?? true else {
        guard let (_, source) = next.popFirst() else { break }
        source.readAhead()
        var log = OpenLog(source)
        if try readHead(of: &log, show) { open.append(log) }
        continue
      }
      let others = open.indices.lazy.filter { $0 != place }.map { open[$0].time }
      let limit = min(others.min() ?? .max, next.first?.first ?? .max)
      var log = open.remove(at: place)
      var isOpen = true
      while isOpen, log.time <= limit {
        judge(&log, until: limit)
        isOpen = try readHead(of: &log, show)
      }
      if isOpen { open.insert(log, at: place) }
    }
    replay.finish()
    try requireEvents(sources)
  }

  /// A log that is being read.
  private struct OpenLog {
    let source: LogSource
    /// Some lines, and which of them is the next.
    var entries: [LogEntry] = []
    var place = 0
    /// How many lines came before these.
    var linesBefore = 0
    /// The time of the next line.
    var time = Int64.min

    init(_ source: LogSource) { self.source = source }

    /// The number of the next line.
    var number: Int { linesBefore + place + 1 }
  }

  /// The time of a file's first line; that of a pipe, which cannot be read twice, is before all others.
  private mutating func firstTime(of source: LogSource) throws(Failure) -> Int64 {
    guard source.octets != nil else { return .min }
    var first: Int64?
    var (lines, entries) = (0, [LogEntry]())
    while first == nil, lines < Self.firstLines, let block = try source.next() {
      replay.reader.read(block, into: &entries)
      first = entries.lazy.compactMap { if case .event(let event) = $0 { event.time } else { nil } }.first
      lines += entries.count
    }
    try source.rewind()
    return first ?? .min
  }

  /// Judges lines of a log, as far as they were read and are those of connections.
  private mutating func judge(_ log: inout OpenLog, until limit: Int64) {
    let future = now + Self.tolerance
    while log.place < log.entries.count, case .event(let event) = log.entries[log.place], event.time <= limit
    {
      hasEvents = true
      if event.time > future { faults.future += 1 }
      replay.add(event)
      log.place += 1
    }
  }

  /// Goes to the next line that is one of an access log.
  ///
  /// - Returns: false at the end.
  private mutating func readHead(of log: inout OpenLog, _ progress: () -> Void) throws(Failure) -> Bool {
    while true {
      while log.place < log.entries.count {
        switch log.entries[log.place] {
        case .event(let event):
          log.time = event.time
          return true
        case .fault(let fault): note(fault, "\(log.source.name):\(log.number)")
        }
        log.place += 1
      }
      log.linesBefore += log.entries.count
      log.place = 0
      guard let block = try log.source.next() else { break }
      replay.reader.read(block, into: &log.entries)
      faults.withCarriageReturn += block.withCarriageReturn
      progress()
    }
    if log.linesBefore == 0 { faults.empty.append(log.source.name) }
    return false
  }

  private mutating func note(_ fault: LogLineFault, _ place: String) {
    switch fault {
    case .blank: break
    case .cutOff: faults.cutOff += 1
    case .tooLong: faults.tooLong += 1
    case .broken:
      faults.broken += 1
      if faults.places.count < Self.maxPlaces { faults.places.append(place) }
    case .foreign:
      faults.foreign += 1
      faults.foreignPlace = faults.foreignPlace ?? place
    }
  }

  private func requireEvents(_ sources: [LogSource]) throws(Failure) {
    guard !hasEvents else { return }
    if let place = faults.places.first ?? faults.foreignPlace {
      throw Failure("\(place): this is not a line of an access log, and neither is any other")
    }
    if faults.tooLong + faults.cutOff > 0 { throw Failure("\(sources[0].name): this is not an access log") }
    let names = sources.map(\.name).joined(separator: ", ")
    throw Failure(sources.count == 1 ? "\(names): the log is empty" : "these logs are empty: \(names)")
  }
}
