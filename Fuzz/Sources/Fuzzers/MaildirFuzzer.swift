@testable import OceanStore

/// Names of files in a Maildir: two of them, separated by the octet 0, which is in no name.
@_cdecl("fuzz_maildir")
func fuzzMaildir(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: start, count: count)
  precondition(WireCounter.bareLineFeeds(in: bytes) == bareLineFeeds(in: bytes))

  let end = bytes.firstIndex(of: 0) ?? bytes.count
  let first = UnsafeRawBufferPointer(rebasing: bytes[..<end])
  let second = UnsafeRawBufferPointer(rebasing: bytes[min(end + 1, bytes.count)...])
  guard !second.contains(0) else { return 0 }

  check(first)
  check(second)
  let bases = [first, second].map { Array(MessageName($0).base) }
  let ids = [first, second].map { UniqueID.with(base: MessageName($0).base, copy: nil, Array.init) }
  precondition((bases[0] == bases[1]) == (ids[0] == ids[1]), "ids are to differ where base names do")
  return 0
}

private func check(_ bytes: UnsafeRawBufferPointer) {
  let name = MessageName(bytes)
  precondition(!name.base.contains(UInt8(ascii: ":")) && bytes.starts(with: name.base))

  if bytes.count <= PackedStrings.maximumLength {
    var packed = PackedStrings()
    var templates = TemplateIndex(of: packed)
    for _ in 0..<2 { packed.append(bytes, &templates) }
    let next = packed.end(of: 0)
    precondition(next * 2 == packed.bytes.count && packed.end(of: next) == packed.bytes.count)
    precondition(packed.withString(at: next) { $0.elementsEqual(bytes) }, "a name is not what was packed")
  }
  _ = name.claimedSizes

  for copy in [nil, 0, UInt64.max] {
    // RFC 1939 §7, UIDL.
    let id = UniqueID.with(base: name.base, copy: copy, Array.init)
    precondition((1...70).contains(id.count) && id.allSatisfy { (0x21...0x7E).contains($0) })
  }

  guard let seen = name.markedSeen() else { return }
  precondition(seen.last == 0 && seen.dropLast().contains(UInt8(ascii: "S")))
  seen.dropLast().withUnsafeBytes { seen in
    let renamed = MessageName(seen)
    precondition(renamed.base.elementsEqual(name.base), "a flag changed the identity")
    precondition(renamed.deliveryTime == name.deliveryTime)
    precondition(renamed.markedSeen().map { $0.dropLast().elementsEqual(seen) } == true)
  }
}

/// Counts in the slow and obvious way.
private func bareLineFeeds(in bytes: UnsafeRawBufferPointer) -> Int {
  zip(bytes, bytes.dropFirst()).count { $0 != 13 && $1 == 10 }
}
