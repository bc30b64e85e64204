/// Makes a table out of an older one: messages stay, go, and come.
struct TableMerge: ~Copyable {
  /// The mark of a message that has no position in the older table.
  static let none = UInt32.max

  private struct Arrival {
    let time: UInt64
    var record: MessageRecord
    /// Where the message is in the older table, under another name or with other sizes.
    var known: UInt32
  }

  private(set) var previous: MessageTable
  private var stays: [Bool]
  private var arrivals: [Arrival] = []
  /// The strings of the arrivals; it has all templates of `previous` under their numbers.
  private var strings = PackedStrings()
  private var templates: TemplateIndex?

  init(_ previous: MessageTable, staying: Bool = false) {
    self.previous = previous
    stays = Array(repeating: staying, count: previous.count)
  }

  mutating func keep(_ position: Int) { stays[position] = true }

  mutating func drop(_ position: Int) { stays[position] = false }

  /// Keeps the messages of one folder.
  mutating func keep(_ folder: Folder) {
    for position in stays.indices where previous.records[position].folder == folder { stays[position] = true }
  }

  /// Adds a message that is new, or no longer has the name it had.
  ///
  /// - Parameter known: its position in `previous`, which gives its size and unique id.
  mutating func add(_ name: MessageName, inode: UInt64, folder: Folder, known: Int?) {
    var flags: MessageRecord.Flags = folder == .cur ? .cur : []
    var size = MessageSize.guess(bytes: 0)
    if let known {
      flags.formUnion(previous.records[known].flags.intersection([.copy, .assigned]))
      size = previous.records[known].messageSize
    }
    // `previous` is read while this is written.
    let previous = previous
    let added: Void? = known.flatMap { position in
      previous.withAssignedID(of: position) { add(name, inode, flags, size, id: $0, known: position) }
    }
    if added == nil { add(name, inode, flags, size, id: nil, known: known) }
  }

  /// Adds a message of which everything is known.
  mutating func add(
    _ name: MessageName, _ inode: UInt64, _ flags: MessageRecord.Flags, _ size: MessageSize,
    id: UnsafeRawBufferPointer?, known: Int?
  ) {
    if templates == nil {
      strings.adoptTemplates(of: previous.strings)
      templates = TemplateIndex(of: strings)
    }
    guard var templates = templates.take() else { return }
    var flags = flags
    let start = strings.bytes.count
    if let id {
      strings.append(id, &templates)
      flags.insert(.assigned)
    } else {
      flags.remove(.assigned)
    }
    strings.append(name.bytes, &templates)
    self.templates = templates
    arrivals.append(
      Arrival(
        time: name.deliveryTime,
        record: MessageRecord(inode: inode, start: start, flags: flags, size: size),
        known: known.map { UInt32(truncatingIfNeeded: $0) } ?? Self.none))
  }

  /// Whether what was added alone takes more memory than a table may.
  var isTooLarge: Bool {
    arrivals.count * MemoryLayout<Arrival>.stride + strings.byteCount > MessageTable.maximumBytes
  }

  private var changesNothing: Bool { arrivals.isEmpty && stays.allSatisfy { $0 } }

  struct Result {
    let table: MessageTable
    /// Nil if nothing has changed.
    var origins: Origins?
    /// Positions in the table of the messages that were added; empty if `previous` was empty.
    var added: [UInt32] = []
  }

  /// The position of each message in `previous`, or `none`.
  struct Origins {
    private let list: [UInt32]?
    /// How many messages are where they were, if all the others are behind them and new.
    let kept: Int?

    fileprivate init(_ list: [UInt32]) { (self.list, kept) = (list, nil) }

    fileprivate init(kept: Int) { (list, self.kept) = (nil, kept) }

    subscript(position: Int) -> UInt32 {
      if let list { return list[position] }
      return position < kept ?? 0 ? UInt32(truncatingIfNeeded: position) : TableMerge.none
    }
  }

  consuming func result() -> Result {
    if changesNothing { return Result(table: previous) }
    guard previous.count > 0 else { return Result(table: onlyArrivals(), origins: Origins(kept: 0)) }
    sort()
    adopt()
    if let first = arrivals.first, stays.allSatisfy({ $0 }), place(of: first, after: 0) == previous.count {
      return appended()
    }
    let staying = stays.count { $0 }
    let bytes = previous.strings.bytes.count / max(previous.count, 1) * staying
    var result = MessageTable()
    result.reserve(
      staying + arrivals.count, bytes: bytes + strings.bytes.count,
      templatesOf: templates == nil ? previous.strings : strings)
    var added: [UInt32] = []
    var origins: [UInt32] = []
    origins.reserveCapacity(staying + arrivals.count)
    var next = 0
    for arrival in arrivals {
      let place = place(of: arrival, after: next)
      copy(next..<place, to: &result, &origins)
      next = place
      let range = arrival.record.start..<strings.end(of: Self.nameStart(of: arrival, in: strings))
      var record = arrival.record
      // The same message under two names: the name in cur/ is the later one, and is kept. Equal arrivals are
      // sorted so that it comes first.
      if isLast(arrival, of: result) {
        result.setFlag(.linked, of: result.count - 1, to: true)
        continue
      }
      if place < previous.count, stays[place], previous.records[place].inode == record.inode,
        isSame(place, of: previous, arrival)
      {
        if previous.records[place].folder == .cur || record.folder == .new {
          copy(place..<place + 1, to: &result, &origins)
          result.setFlag(.linked, of: result.count - 1, to: true)
          next = place + 1
          continue
        }
        record.flags.insert(.linked)
        next = place + 1
      }
      added.append(UInt32(truncatingIfNeeded: result.count))
      result.append(record, stringsAt: range, of: strings)
      origins.append(arrival.known)
    }
    copy(next..<previous.count, to: &result, &origins)
    return Result(table: result, origins: Origins(origins), added: added)
  }

  /// Appends the arrivals. Most mail comes last: the older table grows, in place if nobody else holds it.
  private consuming func appended() -> Result {
    var table = MessageTable()
    swap(&table, &previous)
    let kept = table.count
    table.reserve(
      kept + arrivals.count, bytes: table.strings.bytes.count + strings.bytes.count, templatesOf: strings)
    var added: [UInt32] = []
    for arrival in arrivals {
      if isLast(arrival, of: table) {
        table.setFlag(.linked, of: table.count - 1, to: true)
        continue
      }
      added.append(UInt32(truncatingIfNeeded: table.count))
      let end = strings.end(of: Self.nameStart(of: arrival, in: strings))
      table.append(arrival.record, stringsAt: arrival.record.start..<end, of: strings)
    }
    return Result(table: table, origins: Origins(kept: kept), added: added)
  }

  /// Whether it is another name of a table's last message.
  private func isLast(_ arrival: Arrival, of table: MessageTable) -> Bool {
    table.records.last?.inode == arrival.record.inode && isSame(table.count - 1, of: table, arrival)
  }

  /// Makes the first table of a mailbox, which may be large: the strings are put in order first, and the
  /// records made when the unordered strings are gone.
  private consuming func onlyArrivals() -> MessageTable {
    sort()
    let count = orderStrings()
    return MessageTable(records: arrivals[..<count].map(\.record), strings: strings)
  }

  /// - Returns: how many arrivals are messages; these are then the first ones.
  private mutating func orderStrings() -> Int {
    let unordered = strings
    strings = PackedStrings()
    strings.adoptTemplates(of: unordered)
    strings.reserveCapacity(unordered.bytes.count)
    var count = 0
    for number in arrivals.indices {
      var arrival = arrivals[number]
      let end = unordered.end(of: Self.nameStart(of: arrival, in: unordered))
      if count > 0, isSame(arrivals[count - 1], in: strings, arrival, in: unordered) {
        arrivals[count - 1].record.flags.insert(.linked)
        continue
      }
      let range = arrival.record.start..<end
      arrival.record.start = strings.bytes.count
      strings.append(range, of: unordered)
      arrivals[count] = arrival
      count += 1
    }
    return count
  }

  /// Whether they are two names of one message.
  private func isSame(
    _ a: Arrival, in strings: PackedStrings, _ b: Arrival, in otherStrings: PackedStrings
  ) -> Bool {
    guard a.record.inode == b.record.inode, a.time == b.time else { return false }
    return Self.name(of: a, in: strings) { name in
      Self.name(of: b, in: otherStrings) { name.isSameMessage(as: $0) }
    }
  }

  private func name<R>(of arrival: Arrival, _ body: (MessageName) -> R) -> R {
    Self.name(of: arrival, in: strings, body)
  }

  private static func name<R>(
    of arrival: Arrival, in strings: PackedStrings, _ body: (MessageName) -> R
  ) -> R {
    strings.withString(at: nameStart(of: arrival, in: strings)) { body(MessageName($0)) }
  }

  private static func nameStart(of arrival: Arrival, in strings: PackedStrings) -> Int {
    let start = arrival.record.start
    return arrival.record.flags.contains(.assigned) ? strings.end(of: start) : start
  }

  /// Recognises messages with new inodes. A new inode under the base name of a message that is gone is that
  /// message: the Maildir was moved, or its file system gives new numbers with each mount. It keeps its
  /// unique id, and has its size counted.
  ///
  /// - Precondition: the arrivals are sorted, so that those of one base name follow one another.
  private mutating func adopt() {
    guard previous.count > 0, !stays.allSatisfy({ $0 }) else { return }
    var claimed = Set(arrivals.lazy.map(\.known))
    let previous = previous
    // Where the messages of the latest arrival's base name begin, and the next of them that is not given
    // away.
    var (first, next) = (-1, 0)
    for number in arrivals.indices where arrivals[number].known == Self.none {
      let arrival = arrivals[number]
      let lost: Int? = name(of: arrival) { name in
        let start = previous.lowerBound(of: name, 0)
        if start != first { (first, next) = (start, start) }
        while next < previous.count, previous.withName(of: next, { $0.isSameMessage(as: name) }) {
          if !stays[next], !claimed.contains(UInt32(truncatingIfNeeded: next)) { return next }
          next += 1
        }
        return nil
      }
      guard let lost else { continue }
      claimed.insert(UInt32(truncatingIfNeeded: lost))
      arrivals[number].known = UInt32(truncatingIfNeeded: lost)
      if previous.records[lost].flags.contains(.copy) { arrivals[number].record.flags.insert(.copy) }
      guard !arrival.record.flags.contains(.assigned) else { continue }
      previous.withAssignedID(of: lost) { setID($0, of: number) }
    }
  }

  private mutating func setID(_ id: UnsafeRawBufferPointer, of number: Int) {
    guard var templates = templates.take() else { return }
    let name = name(of: arrivals[number]) { Array($0.bytes) }
    arrivals[number].record.start = strings.bytes.count
    arrivals[number].record.flags.insert(.assigned)
    strings.append(id, &templates)
    name.withUnsafeBytes { strings.append($0, &templates) }
    self.templates = templates
  }

  /// Sorts the arrivals; of equal ones the one in cur/ comes first.
  private mutating func sort() {
    let strings = strings
    arrivals.sort { a, b in
      if a.time != b.time { return a.time < b.time }
      let order = Self.name(of: a, in: strings) { a in
        Self.name(of: b, in: strings) { a.compare(with: $0) }
      }
      if let order { return order < 0 }
      if a.record.inode != b.record.inode { return a.record.inode < b.record.inode }
      return a.record.folder == .cur && b.record.folder == .new
    }
  }

  /// The place of an arrival in `previous`: before the first message that does not sort before it.
  private func place(of arrival: Arrival, after next: Int) -> Int {
    let known = Int(arrival.known)
    if arrival.known != Self.none, previous.records[known].inode == arrival.record.inode {
      return max(known, next)
    }
    return max(name(of: arrival) { previous.lowerBound(of: $0, arrival.record.inode) }, next)
  }

  private func isSame(_ position: Int, of table: MessageTable, _ arrival: Arrival) -> Bool {
    name(of: arrival) { name in table.withName(of: position) { $0.compare(with: name) == nil } }
  }

  /// Copies the messages that stay, as many at a time as follow one another.
  private func copy(_ positions: Range<Int>, to table: inout MessageTable, _ origins: inout [UInt32]) {
    var position = positions.lowerBound
    while position < positions.upperBound {
      let first = position
      while position < positions.upperBound, stays[position] { position += 1 }
      if position > first {
        table.append(first..<position, of: previous)
        for kept in first..<position { origins.append(UInt32(truncatingIfNeeded: kept)) }
      } else {
        position += 1
      }
    }
  }
}
