@testable import OceanStore

/// Cyrus's index of a mailbox, as it is and once more with matching checksums, which chance would never find;
/// or the list of UIDs of a Maildir that was made of a mailbox of Cyrus. The first byte chooses.
@_cdecl("fuzz_cyrus")
func fuzzCyrus(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeRawBufferPointer(start: start, count: count))
  guard let choice = bytes.first else { return 0 }
  let file = Array(bytes.dropFirst())
  if choice & 1 == 0 {
    check(file)
    check(sealed(file))
  } else if let list = read(file) {
    precondition(list.validity > 0)
    let written = list.bytes(idsAreUIDs: choice & 2 != 0)
    precondition(read(written) == list, "what is written can be read")
  }
  return 0
}

private func check(_ file: [UInt8]) {
  guard let index = try? file.withUnsafeBytes({ try CyrusIndex($0) }) else { return }
  precondition(index.validity > 0 && index.lastUID < .max)
  precondition(index.messages.count <= file.count / 96)
  precondition(zip(index.messages, index.messages.dropFirst()).allSatisfy { $0.uid < $1.uid })
  for message in index.messages {
    precondition((1...index.lastUID).contains(message.uid))
    let base = CyrusMessageName(validity: index.validity, uid: message.uid)
      .base(internalDate: message.internalDate, size: 1, octets: 2)
    precondition(CyrusMessageName(base) == CyrusMessageName(validity: index.validity, uid: message.uid))
    let name = Array("\(base):2,\(message.letters)".utf8)
    name.withUnsafeBytes {
      let name = MessageName($0)
      precondition(name.base.count == base.utf8.count && name.deliveryTime >> 20 == message.internalDate)
      precondition(name.claimedSizes.bytes == 1 && name.claimedSizes.octets == 2)
    }
  }
}

private func read(_ file: [UInt8]) -> CyrusUIDList? {
  try? file.withUnsafeBytes { try CyrusUIDList($0) }
}

/// The file with the sizes of its version and matching checksums.
private func sealed(_ file: [UInt8]) -> [UInt8] {
  guard file.count >= 160 else { return file }
  let sizes: [(header: Int, record: Int)] = [
    (128, 96), (128, 104), (160, 104), (160, 104), (160, 112), (160, 112),
  ]
  let version = Int(file[11]) % sizes.count
  let (header, record) = sizes[version]
  var file = file
  func set(_ value: UInt32, at offset: Int) {
    for place in 0..<4 { file[offset + place] = UInt8(truncatingIfNeeded: value >> (24 - 8 * place)) }
  }
  func seal(_ range: Range<Int>) {
    set(file[range.dropLast(4)].withUnsafeBytes { CRC32.checksum($0) }, at: range.upperBound - 4)
  }
  for (offset, value) in [
    (8, 12 + version), (12, header), (16, record), (20, (file.count - header) / record),
  ] {
    set(UInt32(value), at: offset)
  }
  seal(0..<header)
  for start in stride(from: header, through: file.count - record, by: record) { seal(start..<start + record) }
  return file
}
