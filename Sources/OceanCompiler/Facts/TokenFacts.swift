extension Facts {
  /// The facts about the monitor's token; it is not among them.
  package struct Token: Sendable, Hashable, Codable {
    package var state: CertificateFacts.FileState
    /// Whether requests can have it: 16 to 256 visible ASCII characters.
    package var isUsable: Bool

    package init(state: CertificateFacts.FileState, isUsable: Bool = true) {
      (self.state, self.isUsable) = (state, isUsable)
    }
  }
}
