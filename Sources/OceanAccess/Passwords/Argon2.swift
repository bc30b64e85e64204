internal import OceanBase

/// The part of an Argon2 hash that decides how much work a check is; equal values cost the same.
struct Argon2Cost: Hashable, Sendable {
  /// The variant, by libargon2's number for it.
  enum Variant: CInt, Sendable {
    case i = 1
    case id = 2
  }

  let variant: Variant
  /// KiB of memory.
  let memory: Int
  let passes: Int
  let lanes: Int

  /// Whether a check takes seconds or hundreds of megabytes.
  var isExcessive: Bool { memory > 256 << 10 || memory * passes > 4 << 20 }
}

/// Calls libargon2, which is loaded only where a password file has such a hash.
enum Argon2 {
  /// KiB of the most memory that a check may take.
  static let maxMemory = 1 << 20
  private static let maxPasses = 1 << 12
  private static let maxLanes = 64

  /// The package of Debian that has the library.
  static let package = "libargon2-1"

  enum Flaw: Error { case malformed, tooMuchMemory, missingLibrary }

  /// The work of a check against `hash`: `$argon2id$v=19$m=65536,t=3,p=1$SALT$DIGEST`.
  static func cost(of hash: SecretBytes) throws(Flaw) -> Argon2Cost {
    let cost = try hash.withUnsafeBytes { bytes throws(Flaw) in
      guard let text = String(validating: bytes, as: UTF8.self), let cost = parse(text) else {
        throw Flaw.malformed
      }
      guard cost.memory <= maxMemory else { throw .tooMuchMemory }
      return cost
    }
    guard library != nil else { throw .missingLibrary }
    return cost
  }

  private static func parse(_ text: String) -> Argon2Cost? {
    var parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count >= 5, parts.removeFirst().isEmpty else { return nil }
    let variant: Argon2Cost.Variant
    switch parts.removeFirst() {
    case "argon2i": variant = .i
    case "argon2id": variant = .id
    default: return nil
    }
    // Version 16 is written out, or not at all.
    if parts.count == 4 {
      guard ["v=16", "v=19"].contains(parts.removeFirst()) else { return nil }
    }
    // A digest of whole words: so one that was cut short by a character is found.
    guard parts.count == 3, let salt = octets(parts[1]), (8...64).contains(salt),
      let digest = octets(parts[2]), (12...128).contains(digest), digest.isMultiple(of: 4)
    else { return nil }
    let given = parts[0].split(separator: ",", omittingEmptySubsequences: false)
    guard given.count == 3, let memory = number(given[0], "m="), let passes = number(given[1], "t="),
      let lanes = number(given[2], "p="), (1...maxPasses).contains(passes), (1...maxLanes).contains(lanes),
      memory >= 8 * lanes
    else { return nil }
    return Argon2Cost(variant: variant, memory: memory, passes: passes, lanes: lanes)
  }

  private static func number(_ text: Substring, _ name: String) -> Int? {
    let digits = text.dropFirst(name.count)
    guard text.hasPrefix(name), digits.utf8.count <= 10, digits.utf8.first != UInt8(ascii: "0"),
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return Int(digits)
  }

  /// The number of octets that the text encodes in base 64 without padding.
  private static func octets(_ text: Substring) -> Int? {
    let count = text.utf8.count
    guard count % 4 != 1, text.utf8.allSatisfy(Base64.isDigit) else { return nil }
    return count * 3 / 4
  }

  /// Whether `password` is the one of `hash`; nil if the library is not there any more or gets no memory.
  ///
  /// Waits until the checks at work leave enough memory.
  static func verify(_ password: SecretBytes, hash: SecretBytes, cost: Argon2Cost) -> Bool? {
    guard let library else { return nil }
    let result = memory.with(cost.memory) {
      hash.withCString { hash in
        password.withUnsafeBytes { library(hash, $0.baseAddress, $0.count, cost.variant.rawValue) }
      }
    }
    switch result {
    case 0: return true
    case -35: return false  // ARGON2_VERIFY_MISMATCH
    default: return nil
    }
  }

  /// KiB for the checks that run at one time.
  private static let memory = Budget(maxMemory)

  private typealias Verify =
    @Sendable @convention(c) (
      UnsafePointer<CChar>, UnsafeRawPointer?, Int, CInt
    ) -> CInt

  /// `argon2_verify`.
  private static let functions = LibraryFunctions { () throws(BackendError) -> Verify in
    try DynamicLibrary("libargon2.so.1", package: package).function("argon2_verify")
  }

  private static var library: Verify? { try? functions.get() }
}
