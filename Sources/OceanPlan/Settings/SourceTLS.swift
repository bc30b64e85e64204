extension Plan {
  /// How a connection to accounts elsewhere is protected.
  package enum SourceTLS: String, Sendable, Hashable, Codable, CaseIterable {
    case off
    /// Encrypted, with whoever answers.
    case require
    /// Encrypted, and the server's certificate is checked, with its name.
    case verify
  }
}
