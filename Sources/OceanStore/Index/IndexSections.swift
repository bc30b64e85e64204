/// A snapshot as an index file's header and sections.
struct IndexSections {
  private let snapshot: Snapshot
  private let path: [UInt8]
  private(set) var header: IndexFormat.Header

  init(_ snapshot: Snapshot, _ owner: String) {
    self.snapshot = snapshot
    path = Array(owner.utf8)
    header = IndexFormat.Header(scheme: snapshot.scheme, state: snapshot.state)
    header.messages = snapshot.count
    header.orderCount = snapshot.order?.count ?? 0
    header.templateStarts = snapshot.table.strings.templateStarts.count
    header.stringBytes = snapshot.table.strings.bytes.count
    header.templateBytes = snapshot.table.strings.templates.count
    header.pathBytes = path.count
    var hash: UInt64 = 0
    _ = forEachSection {
      hash = XXHash.hash($0, seed: hash)
      return true
    }
    header.sectionHash = hash
  }

  var byteCount: Int { IndexFormat.headerBytes + header.sectionBytes }

  /// Calls `body` for each part. If `body` returns false, this stops and returns false.
  func forEach(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    header.words.withUnsafeBytes(body) && forEachSection(body)
  }

  private func forEachSection(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    let strings = snapshot.table.strings
    return snapshot.table.records.withUnsafeBytes(body) && (snapshot.order ?? []).withUnsafeBytes(body)
      && strings.templateStarts.withUnsafeBytes(body) && strings.bytes.withUnsafeBytes(body)
      && strings.templates.withUnsafeBytes(body) && path.withUnsafeBytes(body)
  }
}
