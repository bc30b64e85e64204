internal import Glibc
internal import OceanBase

/// The schemes of the passwords that a file has had so far, by what the fields begin with: `{SSHA512}`,
/// `{CRYPT}$y$j9T$`.
///
/// Millions of passwords have a few beginnings. The first field of each is parsed as a whole; of the others only the form of
/// the rest is looked at, without decoding it. What is not of a usual scheme is always parsed as a whole.
struct SeenSchemes {
  typealias Number = Int

  private(set) var schemes: [Scheme] = []
  private var heads: [Head] = []
  /// The texts of all heads, one after the other: comparing counts no references.
  private var texts: [UInt8] = []
  /// A file with many beginnings has salt or passwords among them.
  private static let maxHeads = 64

  struct Scheme {
    let scheme: PasswordScheme
    /// The first password that has it.
    let password: StoredPassword
    let isWeak: Bool
    let isExcessive: Bool
    /// How many accounts have it, and the line of the first.
    var count = 0
    var firstLine = 0
  }

  private struct Head {
    let text: Range<Int>
    /// Whether it is nothing but a label, `{SSHA512}`.
    let isLabel: Bool
    let form: Form
    let number: Number
  }

  /// The form of what is behind the head.
  private enum Form {
    case plain
    case base64(Digest, salted: Bool)
    /// Salt and digest in one.
    case undivided(length: Int)
    case crypt(saltLimit: Int, isSaltOfDigits: Bool, digestLength: Int)
    case argon2
  }

  /// The scheme of a password; nil if the field has to be parsed as a whole.
  mutating func number(of field: UnsafeRawBufferPointer) -> Number? {
    guard field.count < Self.maxLength else { return nil }
    if let known = knownHead(of: field) { return known.number }
    guard let (label, length) = Self.head(of: field) else { return nil }
    let rest = UnsafeRawBufferPointer(rebasing: field[length...])
    let head = UnsafeRawBufferPointer(rebasing: field[..<length])
    guard heads.count < Self.maxHeads, !heads.contains(where: { isText(of: $0, head) }),
      let password = try? StoredPassword(parsing: SecretBytes(copying: field)),
      let form = Self.form(of: password.scheme, hasLabel: label > 0, isLabelAll: label == length),
      Self.isWellFormed(rest, form)
    else { return nil }
    let number: Number
    if let same = schemes.firstIndex(where: { $0.scheme == password.scheme }) {
      number = same
    } else {
      number = schemes.count
      schemes.append(
        Scheme(
          scheme: password.scheme, password: password, isWeak: password.scheme.isWeak,
          isExcessive: password.scheme.isExcessive))
    }
    heads.append(
      Head(text: texts.count..<texts.count + length, isLabel: label == length, form: form, number: number))
    texts += head
    return number
  }

  /// The head of a field whose rest has the form that it should have, if another field had the same head.
  ///
  /// A head ends with the label, if no `$` follows, or with the last `$` of the parameters. So most fields that begin with
  /// one have it; a cost may follow (`$6$`, `$6$rounds=5000$`), and then the rest has not the form.
  private func knownHead(of field: UnsafeRawBufferPointer) -> Head? {
    heads.first { known in
      let length = known.text.count
      guard length < field.count, !known.isLabel || field[length] != UInt8(ascii: "$"),
        isText(of: known, UnsafeRawBufferPointer(rebasing: field[..<length]))
      else { return false }
      return Self.isWellFormed(UnsafeRawBufferPointer(rebasing: field[length...]), known.form)
    }
  }

  private func isText(of head: Head, _ text: UnsafeRawBufferPointer) -> Bool {
    texts.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[head.text]).isSame(as: text) }
  }

  mutating func count(_ number: Number, line: Int) {
    if schemes[number].count == 0 { schemes[number].firstLine = line }
    schemes[number].count += 1
  }

  /// Less than the longest hash of crypt(5), with its label.
  private static let maxLength = 384

  /// The octets of the label, and of all that does not differ from account to account: with the parameters of a hash.
  private static func head(of field: UnsafeRawBufferPointer) -> (label: Int, length: Int)? {
    var label = 0
    if field.first == UInt8(ascii: "{") {
      guard let end = field.prefix(34).firstIndex(of: UInt8(ascii: "}")) else { return nil }
      // An encoding is named.
      guard !field[..<end].contains(UInt8(ascii: ".")) else { return nil }
      label = end + 1
    }
    guard label < field.count else { return nil }
    let content = UnsafeRawBufferPointer(rebasing: field[label...])
    guard content.first == UInt8(ascii: "$") else { return label > 0 ? (label, label) : nil }
    let dollars: Int
    if content.starts(with: "$y$".utf8) || content.starts(with: "$2".utf8) {
      dollars = 3
    } else if content.starts(with: "$6$".utf8) || content.starts(with: "$5$".utf8) {
      dollars = content.dropFirst(3).starts(with: "rounds=".utf8) ? 3 : 2
    } else if content.starts(with: "$argon2".utf8) {
      // Version 16 may be left out.
      let parameters = content.dropFirst("$argon2".utf8.count).drop { $0 != UInt8(ascii: "$") }
      dollars = parameters.starts(with: "$v=".utf8) ? 4 : 3
    } else {
      return nil
    }
    var seen = 0
    for index in content.indices where content[index] == UInt8(ascii: "$") {
      seen += 1
      if seen == dollars { return (label, label + index + 1) }
    }
    return nil
  }

  private static func form(of scheme: PasswordScheme, hasLabel: Bool, isLabelAll: Bool) -> Form? {
    switch scheme {
    case .plain: return isLabelAll && hasLabel ? .plain : nil
    case .digest(let digest, let salted):
      return isLabelAll && hasLabel ? .base64(digest, salted: salted) : nil
    case .argon2: return isLabelAll ? nil : .argon2
    case .crypt(let cost):
      guard !isLabelAll else { return nil }
      switch cost.method {
      case .yescrypt: return .crypt(saltLimit: maxLength, isSaltOfDigits: true, digestLength: 43)
      case .bcrypt: return .undivided(length: 53)
      case .sha512: return .crypt(saltLimit: 16, isSaltOfDigits: false, digestLength: 86)
      case .sha256: return .crypt(saltLimit: 16, isSaltOfDigits: false, digestLength: 43)
      default: return nil
      }
    default: return nil
    }
  }

  private static func isWellFormed(_ rest: UnsafeRawBufferPointer, _ form: Form) -> Bool {
    switch form {
    case .plain: return (1...StoredPassword.maxLength).contains(rest.count) && rest[0] != UInt8(ascii: "$")
    case .base64(let digest, let salted):
      // As long as that it would be in hexadecimal digits.
      if !salted, rest.count == 2 * digest.length { return false }
      guard let length = Base64.decodedLength(rest) else { return false }
      return salted ? length > digest.length : length == digest.length
    case .undivided(let length): return rest.count == length && areDigits(rest)
    case .crypt(let limit, let isSaltOfDigits, let digestLength):
      let end = rest.count - digestLength - 1
      guard end >= 0, end <= limit, rest[end] == UInt8(ascii: "$") else { return false }
      let salt = UnsafeRawBufferPointer(rebasing: rest[..<end])
      let isSalt =
        isSaltOfDigits
        ? areDigits(salt) : salt.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "$") }
      return isSalt && areDigits(UnsafeRawBufferPointer(rebasing: rest[(end + 1)...]))
    case .argon2:
      guard let end = rest.firstIndex(of: UInt8(ascii: "$")) else { return false }
      let salt = UnsafeRawBufferPointer(rebasing: rest[..<end])
      let digest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
      let octets = digest.count * 3 / 4
      return salt.count % 4 != 1 && (8...64).contains(salt.count * 3 / 4) && salt.allSatisfy(Base64.isDigit)
        && digest.count % 4 != 1 && (12...128).contains(octets) && octets.isMultiple(of: 4)
        && digest.allSatisfy(Base64.isDigit)
    }
  }

  /// Whether there are only digits of crypt's base 64.
  private static func areDigits(_ text: UnsafeRawBufferPointer) -> Bool {
    var isOther: UInt8 = 0
    for byte in text { isOther |= otherThanDigits[Int(byte)] }
    return isOther == 0
  }

  /// 1 for all octets but the digits of crypt's base 64.
  private static let otherThanDigits: [UInt8] = (0...UInt8.max).map { CryptHash.isDigit($0) ? 0 : 1 }
}

/// The extra fields that accounts of a file have had so far, as whole texts: many accounts have the same.
struct SeenFields {
  typealias Number = Int

  private(set) var texts: [Text] = []
  private static let maxTexts = 32
  private static let maxLength = 512

  struct Text {
    fileprivate let text: [UInt8]
    fileprivate let isSurelyText: Bool
    /// Only warnings.
    let issues: [AccountIssue.Kind]
    let conditions: LoginConditions
    let hasConditions: Bool
  }

  /// The number of a text; nil if it has to be parsed as a whole with its line, because it has a say in more than issues
  /// and conditions.
  mutating func number(of text: UnsafeRawBufferPointer, isSurelyText: Bool) -> Number? {
    guard text.count <= Self.maxLength else { return nil }
    for number in texts.indices.reversed()
    where texts[number].text.count == text.count && texts[number].isSurelyText == isSurelyText
      && texts[number].text.elementsEqual(text)
    {
      return number
    }
    guard texts.count < Self.maxTexts, !text.contains(0), let string = String(validating: text, as: UTF8.self)
    else { return nil }
    let extra = ExtraFields(parsing: string, isSurelyText: isSurelyText)
    let fields = extra.fields
    guard !fields.isDisabled, fields.home == nil, fields.mail == nil,
      extra.issues.allSatisfy({ $0.severity == .warning })
    else { return nil }
    texts.append(
      Text(
        text: Array(text), isSurelyText: isSurelyText, issues: extra.issues, conditions: fields.conditions,
        hasConditions: fields.conditions.end != nil || fields.conditions.services != nil))
    return texts.count - 1
  }
}

extension UnsafeRawBufferPointer {
  /// Whether both have the same octets.
  func isSame(as other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count, let a = baseAddress, let b = other.baseAddress else {
      return count == other.count
    }
    return memcmp(a, b, count) == 0
  }
}
