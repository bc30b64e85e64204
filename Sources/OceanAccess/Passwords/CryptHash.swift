internal import CCrypt
internal import COpenSSL
internal import Glibc
internal import OceanBase

/// The hash methods of libcrypt that a password file may use, told by the hash's prefix.
///
/// Their forms are those of crypt(5).
enum CryptMethod: String, CaseIterable, Sendable {
  case yescrypt = "$y$"
  case gostYescrypt = "$gy$"
  case scrypt = "$7$"
  case bcrypt = "$2y$"
  case sha512 = "$6$"
  case sha256 = "$5$"
  case md5 = "$1$"
  /// The traditional method, without a prefix; it looks at only eight characters of a password.
  case des = ""

  /// The number of characters of the digest that ends the hash.
  fileprivate var digestLength: Int {
    switch self {
    case .yescrypt, .gostYescrypt, .scrypt, .sha256: 43
    case .bcrypt: 53  // salt and digest, undivided
    case .sha512: 86
    case .md5: 22
    case .des: 13  // the whole hash
    }
  }

  /// The method of a hash and the length of its prefix.
  fileprivate static func of(_ hash: UnsafeRawBufferPointer) -> (method: CryptMethod, prefix: Int)? {
    for bcrypt in ["$2a$", "$2b$"] where hash.starts(with: bcrypt.utf8) {
      return (.bcrypt, bcrypt.utf8.count)
    }
    return allCases.first { hash.starts(with: $0.rawValue.utf8) && ($0 != .des || hash.first != dollar) }
      .map { ($0, $0.rawValue.utf8.count) }
  }
}

private let dollar = UInt8(ascii: "$")

/// The part of a libcrypt hash that decides how much work a check is; equal values cost the same.
struct CryptCost: Hashable, Sendable {
  let method: CryptMethod
  /// The cost as the hash spells it, with defaults filled in; never salt or digest.
  let parameters: String

  /// Whether a check would occupy a core for seconds or take hundreds of megabytes.
  var isExcessive: Bool {
    switch method {
    case .bcrypt: (Int(parameters) ?? 0) > 15
    case .sha512, .sha256: (Int(parameters) ?? 0) > 1_000_000
    // A flavour, log2(N) - 1 and r - 1; `j9T` is 16 MiB, `jCT` 128 MiB.
    case .yescrypt, .gostYescrypt: Self.digit(parameters, at: 1) > 14
    // log2(N) and r; `CU....` is 64 MiB.
    case .scrypt: Self.digit(parameters, at: 0) > 15
    case .md5, .des: false
    }
  }

  /// Whether many passwords a second can be tried against it. libcrypt's legacy methods are a different set,
  /// which also includes SHA-256 with thousands of rounds.
  var isCheap: Bool { method == .md5 || method == .des }

  /// The value of a character in crypt's base 64.
  private static func digit(_ text: String, at offset: Int) -> Int {
    text.utf8.dropFirst(offset).first.flatMap(CryptHash.alphabet.firstIndex) ?? 0
  }
}

/// Calls libcrypt: checks a password against a hash, and the form of hashes.
enum CryptHash {
  /// The digits of crypt's base 64 by value.
  fileprivate static let alphabet = Array(
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  /// The digit for a value; only its lowest six bits count.
  static func digit(_ value: Int) -> UInt8 { alphabet[value & 0x3f] }

  enum Flaw: Error { case unknownMethod, malformed }

  /// The work of a check against `hash`.
  ///
  /// `crypt_checksalt` looks only at the prefix. The rest is checked here to the end, so that a hash that was
  /// cut short is found when it is read, and not when its owner cannot log in.
  static func cost(of hash: SecretBytes) throws(Flaw) -> CryptCost {
    let cost = try hash.withUnsafeBytes { text throws(Flaw) in
      guard let (method, prefix) = CryptMethod.of(text) else { throw Flaw.unknownMethod }
      guard text.count < maxHashLength, text.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
        throw Flaw.malformed
      }
      let parts = text.dropFirst(prefix).split(separator: dollar, omittingEmptySubsequences: false)
      guard let digest = parts.last, digest.count == method.digestLength, digest.allSatisfy(isDigit),
        let parameters = parameters(of: method, in: parts.dropLast())
      else { throw Flaw.malformed }
      return CryptCost(method: method, parameters: parameters)
    }
    switch hash.withCString(crypt_checksalt) {
    case CRYPT_SALT_OK, CRYPT_SALT_METHOD_LEGACY: return cost
    default: throw .unknownMethod
    }
  }

  /// CRYPT_OUTPUT_SIZE, which includes the NUL.
  private static let maxHashLength = 384

  /// Letters, digits, dot and slash.
  static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }

  /// The cost among the parts between prefix and digest; nil if they are not those of the method.
  private static func parameters(
    of method: CryptMethod, in parts: ArraySlice<Slice<UnsafeRawBufferPointer>>
  ) -> String? {
    let first = parts.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
    switch method {
    case .yescrypt, .gostYescrypt:
      guard parts.count == 2, first.utf8.count >= 3, parts.joined().allSatisfy(isDigit) else { return nil }
      return first
    case .scrypt:
      // log2(N), r and p in 1, 5 and 5 digits, and the salt.
      guard parts.count == 1, first.utf8.count > 11, parts.joined().allSatisfy(isDigit) else { return nil }
      return String(first.prefix(11))
    case .bcrypt:
      guard parts.count == 1, first.utf8.count == 2, let cost = Int(first), (4...31).contains(cost) else {
        return nil
      }
      return first
    case .sha512, .sha256:
      guard let salt = parts.last, salt.count <= 16 else { return nil }
      if parts.count == 1 { return "5000" }
      let rounds = first.dropFirst("rounds=".count)
      guard parts.count == 2, first.hasPrefix("rounds="), rounds.first != "0", let count = Int(rounds),
        (1000...999_999_999).contains(count)
      else { return nil }
      return String(rounds)
    case .md5:
      return parts.count == 1 && first.utf8.count <= 8 ? "" : nil
    case .des:
      return parts.isEmpty ? "" : nil
    }
  }

  /// The hash of a password without NUL, with the method, cost and salt of `setting`.
  ///
  /// Nil if libcrypt cannot get the memory. If it does not accept the setting, the result is empty, and so
  /// not equal to any hash.
  static func hash(_ password: SecretBytes, setting: SecretBytes) -> SecretBytes? {
    // libcrypt's working memory of 32 KiB: too much for a pool thread's stack, and full of intermediate
    // values.
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: MemoryLayout<crypt_data>.size, alignment: MemoryLayout<crypt_data>.alignment)
    scratch.initializeMemory(as: UInt8.self, repeating: 0)
    defer {
      OPENSSL_cleanse(scratch.baseAddress, scratch.count)
      scratch.deallocate()
    }
    return password.withCString { phrase in
      setting.withCString { setting in
        guard let result = crypt_rn(phrase, setting, scratch.baseAddress, CInt(scratch.count)) else {
          return errno == ENOMEM ? nil : SecretBytes(copying: [])
        }
        return SecretBytes(copying: UnsafeRawBufferPointer(start: result, count: strlen(result)))
      }
    }
  }

  /// A setting for a new hash, with random salt from the operating system.
  static func setting(_ method: CryptMethod, cost: UInt) -> SecretBytes? {
    let setting = SecretBytes(capacity: Int(CRYPT_GENSALT_OUTPUT_SIZE)) { buffer in
      let text = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
      guard let result = crypt_gensalt_rn(method.rawValue, cost, nil, 0, text, CInt(buffer.count)) else {
        return 0
      }
      return strlen(result)
    }
    return setting.isEmpty ? nil : setting
  }
}

extension SecretBytes {
  /// Calls `body` with a copy that ends with NUL; the copy is overwritten afterwards.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { copy in
        copy.initialize(repeating: 0)
        UnsafeMutableRawBufferPointer(copy).copyBytes(from: bytes)
        defer { OPENSSL_cleanse(copy.baseAddress, copy.count) }
        // A buffer of at least one element has an address.
        return body(UnsafePointer(copy.baseAddress.unsafelyUnwrapped))
      }
    }
  }
}
