/// An index file: a table as it is in memory, and behind it a log of what has changed since.
///
///     header    21 words: magic, version, scheme, counts, folders, hash of the sections, hash of the header
///     sections  records, order, starts of templates, strings, templates, path of the Maildir
///     log       transactions: length, kind, hash; the folders if the kind says so; operations
///
/// Words are of 64 bits in the machine's order: the magic shows that a file is another machine's. Each hash
/// continues the one before it, so that nothing is valid unless it is whole and follows what it followed when
/// it was written. A transaction that is not valid ends the log: what is before it was true once, and its
/// folders' stamps say what to read again.
enum IndexFormat {
  static let magic: UInt64 = 0x7869_2D6E_6165_636F  // "ocean-ix"
  static let version: UInt64 = 2
  static let headerWords = 21
  static let headerBytes = headerWords * 8
  static let transactionWords = 3

  struct Header {
    var scheme: UInt64 = 0
    var messages = 0
    var orderCount = 0
    var templateStarts = 0
    var stringBytes = 0
    var templateBytes = 0
    var pathBytes = 0
    var state = MaildirState(
      new: FolderState(stamp: nil, isSettled: false), cur: FolderState(stamp: nil, isSettled: false))
    var sectionHash: UInt64 = 0

    var sectionBytes: Int {
      messages * MemoryLayout<MessageRecord>.stride + (orderCount + templateStarts) * 4 + stringBytes
        + templateBytes + pathBytes
    }

    var words: [UInt64] {
      let counts = [messages, orderCount, templateStarts, stringBytes, templateBytes, pathBytes]
      let words =
        [magic, version, scheme] + counts.map { UInt64($0) } + IndexFormat.words(of: state) + [sectionHash]
      return words + [words.withUnsafeBytes { XXHash.hash($0) }]
    }

    init(scheme: UInt64, state: MaildirState) { (self.scheme, self.state) = (scheme, state) }

    /// Reads a header; nil unless it has this version, is whole, and all counts are within `limit`.
    init?(_ words: [UInt64], limit: Int) {
      guard words.count == headerWords, words[0] == magic, words[1] == version,
        words[..<(headerWords - 1)].withUnsafeBytes({ XXHash.hash($0) }) == words[headerWords - 1],
        words[3..<9].allSatisfy({ $0 <= UInt64(max(limit, 0)) }),
        let state = IndexFormat.state(words[9..<19])
      else { return nil }
      scheme = words[2]
      let counts = words[3..<9].map { Int($0) }
      (messages, orderCount, templateStarts) = (counts[0], counts[1], counts[2])
      (stringBytes, templateBytes, pathBytes) = (counts[3], counts[4], counts[5])
      self.state = state
      sectionHash = words[19]
      guard orderCount == 0 || orderCount == messages, sectionBytes <= limit else { return nil }
    }
  }

  private enum Presence: UInt64 { case absent, absentSettled, present, settled }

  static func words(of state: MaildirState) -> [UInt64] {
    [state.new, state.cur].flatMap { folder -> [UInt64] in
      guard let stamp = folder.stamp else {
        let presence: Presence = folder.isSettled ? .absentSettled : .absent
        return [presence.rawValue, 0, 0, 0, 0]
      }
      let presence: Presence = folder.isSettled ? .settled : .present
      let times = [stamp.modified, stamp.changed].map { UInt64(bitPattern: $0) }
      return [presence.rawValue, stamp.device, stamp.inode] + times
    }
  }

  static func state(_ words: some Collection<UInt64>) -> MaildirState? {
    let words = Array(words)
    func folder(_ start: Int) -> FolderState? {
      guard let presence = Presence(rawValue: words[start]) else { return nil }
      switch presence {
      case .absent, .absentSettled: return FolderState(stamp: nil, isSettled: presence == .absentSettled)
      case .present, .settled:
        let stamp = DirectoryStamp(
          device: words[start + 1], inode: words[start + 2], modified: Int64(bitPattern: words[start + 3]),
          changed: Int64(bitPattern: words[start + 4]))
        return FolderState(stamp: stamp, isSettled: presence == .settled)
      }
    }
    guard words.count == 10, let new = folder(0), let cur = folder(5) else { return nil }
    return MaildirState(new: new, cur: cur)
  }
}
