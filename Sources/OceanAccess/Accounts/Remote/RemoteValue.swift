internal import OceanBase

/// A value as a database or a directory has it.
enum RemoteValue: Sendable {
  /// Octets of the longest value that is looked at.
  static let maxLength = 64 << 10

  case null
  case bytes(SecretBytes)
  /// Longer than ``maxLength``.
  case tooLong
}
