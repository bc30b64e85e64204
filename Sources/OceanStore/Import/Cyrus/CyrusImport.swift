import Glibc

/// Makes a Maildir of a mailbox of Cyrus, with the UIDs that its messages have.
///
/// Run again, it brings the Maildir up to date: new messages of the mailbox come in, expunged ones go, flags
/// become those in Cyrus. Once the Maildir has other mail, its owner uses it, and only new messages come in.
/// Messages that were removed from the Maildir itself stay removed.
///
/// Messages are copied into a folder that no mail program looks at, and synchronised; then `dovecot-uidlist`
/// gives them their UIDs; then they move into cur/. Wherever that is interrupted, no message is seen without
/// its UID, and no message that was listed is copied again.
package struct CyrusImport {
  /// The result of a run.
  package struct Report: Equatable, Sendable {
    package let validity: UInt32
    /// Whether `dovecot-uidlist` has the ids itself (see `CyrusIndex.idsAreUIDs`).
    package let idsAreUIDs: Bool
    /// Whether there is mail in the Maildir that is not from Cyrus.
    package let isInUse: Bool
    /// The messages of Cyrus that are in the Maildir now.
    package fileprivate(set) var messages = 0
    package fileprivate(set) var uids: ClosedRange<UInt32>?
    /// How many of these messages are marked as seen there.
    package fileprivate(set) var seen = 0
    /// How many of these messages Cyrus does not show by POP3 (`CyrusIndex.hiddenUntil`).
    package fileprivate(set) var hidden = 0
    /// Messages that this run copied.
    package fileprivate(set) var added = 0
    package fileprivate(set) var removed = 0
    package fileprivate(set) var changed = 0
    /// Messages of Cyrus that have been removed from the Maildir since an earlier run.
    package fileprivate(set) var gone = 0
    /// Messages that have no file in the folder.
    package fileprivate(set) var missing: [CyrusIndex.Message] = []
  }

  private struct File {
    let place: ImportTarget.Place
    let name: String
  }

  private let index: CyrusIndex
  private let target: ImportTarget
  private var list: CyrusUIDList
  private var isListed: Bool
  /// The files of messages, by UID.
  private var files: [UInt32: File] = [:]
  private var report: Report

  /// - Parameters:
  ///   - folder: where Cyrus keeps the mailbox; nothing in it is changed.
  ///   - maildir: made if it is missing; the directory above it must exist.
  /// - Throws: with nothing changed that clients see, or with some messages in the Maildir and others still
  ///   to come, but never with a message under another UID. The next run finishes what was begun.
  package static func run(from folder: String, to maildir: String) throws(CyrusImportError) -> Report {
    let folder = try CyrusFolder(folder)
    var run = try CyrusImport(try folder.index(), ImportTarget(maildir))
    try run.stage(from: folder)
    try run.place()
    if !run.report.isInUse { try run.update() }
    run.count()
    return run.report
  }

  /// Looks at what is in the Maildir.
  private init(_ index: CyrusIndex, _ target: ImportTarget) throws(CyrusImportError) {
    (self.index, self.target) = (index, target)
    var foreign: String?
    for place in [ImportTarget.Place.new, .cur] {
      for name in try target.names(in: place) {
        if let message = CyrusMessageName(name) {
          guard message.validity == index.validity else {
            throw .otherMailbox(there: message.validity, here: index.validity)
          }
          files[message.uid] = File(place: place, name: name)
        } else {
          foreign = foreign ?? "\(place.name)/\(name)"
        }
      }
    }
    let known = try target.list()
    if known == nil, let foreign { throw .foreignMail(foreign) }
    list = known ?? CyrusUIDList(validity: index.validity)
    isListed = known != nil
    guard list.validity == index.validity else {
      throw .otherMailbox(there: list.validity, here: index.validity)
    }
    guard list.next <= index.lastUID + 1 else { throw .beyond(there: list.next - 1, here: index.lastUID) }
    report = Report(validity: index.validity, idsAreUIDs: index.idsAreUIDs, isInUse: foreign != nil)
    let current = Set(index.messages.map(\.uid))
    for name in try target.names(in: .staging) {
      if let message = CyrusMessageName(name), list[message.uid] == name, current.contains(message.uid) {
        files[message.uid] = File(place: .staging, name: name)
      } else {
        // The file is left from a run that did not get as far as listing it, or its message was expunged
        // since.
        try target.remove(name, in: .staging)
      }
    }
  }

  /// Copies the messages that are not in the Maildir yet.
  private mutating func stage(from folder: borrowing CyrusFolder) throws(CyrusImportError) {
    for message in index.messages where list[message.uid] == nil {
      let name: String
      if let file = files[message.uid] {
        name = MessageName.base(of: file.name)
      } else if let copy = try copy(message, from: folder) {
        name = copy
        files[message.uid] = File(place: .staging, name: copy)
        report.added += 1
      } else {
        report.missing.append(message)
        continue
      }
      list.add(message.uid, name)
      isListed = false
    }
    if report.added > 0 { try target.synchronizeStaged() }
  }

  /// - Returns: the base name; nil if the message's file is missing.
  private func copy(
    _ message: CyrusIndex.Message, from folder: borrowing CyrusFolder
  ) throws(CyrusImportError) -> String? {
    guard let source = try folder.open(message) else { return nil }
    let temporary = "\(message.uid)"
    var size: UInt64 = 0
    var bareLineFeeds: UInt64 = 0
    try target.stage(temporary, time: message.internalDate) { (file) throws(CyrusImportError) in
      try source.forEachBlock { (block) throws(CyrusImportError) in
        // The block's first byte is the byte before it.
        let bytes = UnsafeRawBufferPointer(rebasing: block.dropFirst())
        size += UInt64(bytes.count)
        bareLineFeeds += UInt64(WireCounter.bareLineFeeds(in: block))
        try file.write(bytes)
      }
    }
    let name = CyrusMessageName(validity: index.validity, uid: message.uid)
      .base(internalDate: message.internalDate, size: size, octets: size + bareLineFeeds)
    try target.move(temporary, in: .staging, to: name, in: .staging)
    return name
  }

  /// Gives staged messages their UIDs and shows them.
  private mutating func place() throws(CyrusImportError) {
    if !isListed || list.next != index.lastUID + 1 {
      list.next = index.lastUID + 1
      try target.write(list.bytes(idsAreUIDs: index.idsAreUIDs))
    }
    for message in index.messages {
      guard let file = files[message.uid], file.place == .staging else { continue }
      try move(file, of: message)
    }
    try target.synchronize(.cur)
  }

  private mutating func move(_ file: File, of message: CyrusIndex.Message) throws(CyrusImportError) {
    let name = "\(MessageName.base(of: file.name)):2,\(message.letters)"
    try target.move(file.name, in: file.place, to: name, in: .cur)
    files[message.uid] = File(place: .cur, name: name)
  }

  /// Makes the changes to messages in the Maildir that were made to them in Cyrus.
  private mutating func update() throws(CyrusImportError) {
    var rest = files
    for message in index.messages {
      guard let file = rest.removeValue(forKey: message.uid) else { continue }
      if file.place == .cur, file.name.hasSuffix(":2,\(message.letters)") { continue }
      try move(file, of: message)
      report.changed += 1
    }
    for (uid, file) in rest {
      try target.remove(file.name, in: file.place)
      files[uid] = nil
      report.removed += 1
    }
    for place in [ImportTarget.Place.new, .cur] { try target.synchronize(place) }
  }

  private mutating func count() {
    let missing = Set(report.missing.map(\.uid))
    for message in index.messages where !missing.contains(message.uid) {
      guard let file = files[message.uid] else {
        report.gone += 1
        continue
      }
      report.messages += 1
      if file.name.dropFirst(MessageName.base(of: file.name).count).contains("S") { report.seen += 1 }
      if index.hiddenUntil > 0, message.internalDate <= index.hiddenUntil { report.hidden += 1 }
      report.uids = (report.uids?.lowerBound ?? message.uid)...message.uid
    }
  }
}
