@testable import OceanStore

/// An index file: as it is, and once more with matching hashes, which chance would never find.
@_cdecl("fuzz_index")
func fuzzIndex(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeRawBufferPointer(start: start, count: count))
  if let snapshot = read(bytes) { check(snapshot) }
  if let snapshot = read(withHashes(bytes)) { check(snapshot) }
  return 0
}

private func read(_ bytes: [UInt8]) -> Snapshot? {
  let source = IndexSource(size: bytes.count) { buffer, offset in
    precondition(offset >= 0 && offset + buffer.count <= bytes.count, "reads beyond the file")
    buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
    return true
  }
  return source.read("").map { $0.0 }
}

private func check(_ snapshot: Snapshot) {
  precondition(snapshot.table.count == snapshot.count)
  for index in 0..<snapshot.count {
    // RFC 1939 §7, UIDL: no octet that would end the line; longer ids are other servers'.
    let id = snapshot.withUIDL(of: index, Array.init)
    precondition((1...255).contains(id.count) && id.allSatisfy { (0x21...0x7E).contains($0) })
    let position = snapshot.position(of: index)
    _ = snapshot.size(of: index).octets
    snapshot.table.withName(of: position) { precondition($0.bytes.count <= 255) }
    snapshot.table.withCName(of: position) { name in
      precondition(!String(cString: name).utf8.contains(UInt8(ascii: "/")), "leads out of its folder")
    }
    _ = snapshot.table.position(of: position, in: snapshot.table)
  }
  // A snapshot that was read can be continued, and written and read again.
  var merge = TableMerge(snapshot.table, staying: true)
  if snapshot.count > 0 { merge.drop(snapshot.count / 2) }
  Array("1700000000.M1P1.a".utf8).withUnsafeBytes {
    merge.add(MessageName($0), 1, .cur, .guess(bytes: 1), id: nil, known: nil)
  }
  let merged = merge.result()
  precondition(merged.table.count <= snapshot.count + 1)
  let next = Snapshot(
    table: merged.table, order: nil, state: snapshot.state, scheme: snapshot.scheme, saved: nil)
  var written: [UInt8] = []
  _ = IndexSections(next, "").forEach {
    written.append(contentsOf: $0)
    return true
  }
  precondition(read(written)?.count == next.count, "what is written can be read")
}

/// The file with counts in the header that fit the bytes. The sections follow the header; the rest is the
/// log.
private func withHashes(_ bytes: [UInt8]) -> [UInt8] {
  guard bytes.count > 8 else { return bytes }
  var header = IndexFormat.Header(
    scheme: UInt64(bytes[0] & 1),
    state: MaildirState(
      new: FolderState(stamp: nil, isSettled: true), cur: FolderState(stamp: nil, isSettled: false)))
  header.messages = Int(bytes[1] & 15)
  header.orderCount = bytes[0] & 2 == 0 ? 0 : header.messages
  header.templateStarts = Int(bytes[2] & 15)
  header.stringBytes = Int(bytes[3])
  header.templateBytes = Int(bytes[4])
  let rest = bytes.dropFirst(8)
  guard rest.count >= header.sectionBytes else { return bytes }
  let sizes = [
    header.messages * 24, header.orderCount * 4, header.templateStarts * 4, header.stringBytes,
    header.templateBytes, 0,
  ]
  var hash: UInt64 = 0
  var offset = rest.startIndex
  for size in sizes {
    hash = rest[offset..<offset + size].withUnsafeBytes { XXHash.hash($0, seed: hash) }
    offset += size
  }
  header.sectionHash = hash
  let log = Array(rest[offset...])
  let words = [UInt64(log.count), 0]
  let seed = words.withUnsafeBytes { XXHash.hash($0, seed: hash) }
  let transaction = words + [log.withUnsafeBytes { XXHash.hash($0, seed: seed) }]
  return header.words.withUnsafeBytes(Array.init) + rest[..<offset] + transaction.withUnsafeBytes(Array.init)
    + log
}
