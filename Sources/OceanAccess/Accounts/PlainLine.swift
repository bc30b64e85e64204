internal import OceanBase

/// An account's line as most are: a name of ASCII characters, a password of a usual scheme, a home, and at most extra
/// fields that other lines have as well.
///
/// It says what the whole of ``PasswdLine`` would say, in a tenth of the time, and without memory of its own. It never
/// guesses: a line that is in any way unusual is not one, and has to be parsed as a whole.
struct PlainLine {
  /// The octets of the folded name, in the memory that the parser was given.
  let name: UnsafeRawBufferPointer
  /// The place of the `@` in the name.
  let at: Int?
  let hasHome: Bool
  let scheme: SeenSchemes.Number
  /// Nil without extra fields.
  let extra: SeenFields.Number?

  /// - Parameters:
  ///   - text: the line without its end.
  ///   - memory: at least ``AccountName/maxLength`` octets, for the name.
  init?(
    _ text: UnsafeRawBufferPointer, _ schemes: inout SeenSchemes, _ extras: inout SeenFields,
    memory: UnsafeMutableRawBufferPointer
  ) {
    guard text.count <= PasswdFile.maxLineLength, let (name, at) = Self.name(text, memory) else { return nil }
    self.name = name
    self.at = at
    // name:password:uid:gid:gecos:home:shell:extra fields
    let start = name.count + 1
    let password = Self.field(text, from: start)
    let uid = Self.field(text, from: password.end + 1)
    let gid = Self.field(text, from: uid.end + 1)
    let gecos = Self.field(text, from: gid.end + 1)
    let home = Self.field(text, from: gecos.end + 1)
    let shell = Self.field(text, from: home.end + 1)
    guard home.start == home.end || text[home.start] == UInt8(ascii: "/"), Self.isPrintable(text, home) else {
      return nil
    }
    hasHome = home.start < home.end
    // A line with NUL is skipped.
    guard text.firstIndex(of: 0, from: 0) == nil else { return nil }
    if shell.end + 1 < text.count {
      let isSurelyText = Self.isNumber(text, uid) && Self.isNumber(text, gid)
      guard
        let known = extras.number(
          of: UnsafeRawBufferPointer(rebasing: text[(shell.end + 1)...]), isSurelyText: isSurelyText)
      else { return nil }
      extra = known
    } else {
      extra = nil
    }
    guard
      let known = schemes.number(of: UnsafeRawBufferPointer(rebasing: text[password.start..<password.end]))
    else { return nil }
    scheme = known
  }

  private static func name(
    _ text: UnsafeRawBufferPointer, _ memory: UnsafeMutableRawBufferPointer
  ) -> (UnsafeRawBufferPointer, at: Int?)? {
    var at: Int?
    var end = 0
    let limit = min(text.count, memory.count, AccountName.maxLength + 1)
    while end < limit {
      let byte = text[end]
      if byte == UInt8(ascii: ":") { break }
      guard byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "/"), byte != UInt8(ascii: "#") else { return nil }
      if byte == UInt8(ascii: "@") {
        guard at == nil else { return nil }
        at = end
      }
      memory[end] = AccountName.fold(byte)
      end += 1
    }
    guard end < text.count, text[end] == UInt8(ascii: ":"), end <= AccountName.maxLength else { return nil }
    guard end > 0, at != 0, at != end - 1 else { return nil }
    // What is that short may be `.` or `..`.
    guard memory[0] != UInt8(ascii: "."), at.map({ memory[$0 + 1] != UInt8(ascii: ".") }) ?? true else {
      return nil
    }
    return (UnsafeRawBufferPointer(rebasing: memory[..<end]), at)
  }

  private struct Field {
    let start: Int
    let end: Int
  }

  /// The field that begins at `start`; empty behind the end of the line.
  private static func field(_ text: UnsafeRawBufferPointer, from start: Int) -> Field {
    let start = min(start, text.count)
    return Field(start: start, end: text.firstIndex(of: UInt8(ascii: ":"), from: start) ?? text.count)
  }

  private static func isPrintable(_ text: UnsafeRawBufferPointer, _ field: Field) -> Bool {
    text[field.start..<field.end].allSatisfy { $0 >= 0x20 && $0 < 0x7f }
  }

  private static func isNumber(_ text: UnsafeRawBufferPointer, _ field: Field) -> Bool {
    text[field.start..<field.end].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}
