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
  /// How many lines before its turn a line's names are fetched from memory.
  private static let lead = 8

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
    var open: [(head: LogEvent, source: LogSource)] = []
    while true {
      // The log whose next line is the oldest, and until when it stays that.
      let place = open.indices.min { open[$0].head.time < open[$1].head.time }
      guard let place, next.first.map({ $0.first > open[place].head.time }) ?? true else {
        guard let (_, source) = next.popFirst() else { break }
        source.readAhead()
        if let head = try event(of: source) { open.append((head, source)) }
        continue
      }
      let others = open.indices.lazy.filter { $0 != place }.map { open[$0].head.time }
      let limit = min(others.min() ?? .max, next.first?.first ?? .max)
      let source = open[place].source
      var head: LogEvent? = open[place].head
      var lines = 0
      while let event = head, event.time <= limit {
        replay.add(event)
        head = try self.event(of: source)
        lines += 1
        if lines % 8192 == 0 { progress(sources.reduce(0) { $0 + $1.octetsRead }, total) }
      }
      if let head { open[place].head = head } else { open.remove(at: place) }
    }
    replay.finish()
    try requireEvents(sources)
  }

  /// The time of a file's first line; that of a pipe, which cannot be read twice, is before all others.
  private mutating func firstTime(of source: LogSource) throws(Failure) -> Int64 {
    guard source.octets != nil else { return .min }
    var first: Int64?
    while first == nil, source.number < 1000, let line = try source.next() {
      if !line.isTooLong { first = try? replay.reader.event(line.bytes).time }
    }
    try source.rewind()
    return first ?? .min
  }

  /// The next line that is one of an access log.
  private mutating func event(of source: LogSource) throws(Failure) -> LogEvent? {
    while let line = try source.next() {
      if line.isTooLong {
        faults.tooLong += 1
        continue
      }
      if line.bytes.last == 0x0d { faults.withCarriageReturn += 1 }
      if let upcoming = source.upcoming(Self.lead) { replay.reader.expect(upcoming) }
      do throws(LogLineFault) {
        let event =
          if let plain = line.plain { try replay.reader.event(of: plain) } else {
            try replay.reader.decoded(line.bytes)
          }
        hasEvents = true
        if event.time > now + Self.tolerance { faults.future += 1 }
        return event
      } catch {
        note(error, line.bytes, isEnded: line.isEnded, in: source)
      }
    }
    if source.number == 0 { faults.empty.append(source.name) }
    return nil
  }

  private mutating func note(
    _ fault: LogLineFault, _ bytes: UnsafeRawBufferPointer, isEnded: Bool, in source: LogSource
  ) {
    let place = "\(source.name):\(source.number)"
    switch fault {
    case .broken where bytes.allSatisfy({ $0 <= 0x20 }): break
    case .broken where !isEnded: faults.cutOff += 1
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
