extension Facts {
  /// The facts about a secret that must have a certain form.
  package struct Secret: Sendable, Hashable, Codable {
    package var state: CertificateFacts.FileState
    /// Whether it has the form: the monitor's token 16 to 256 visible ASCII characters, the secret of session tickets
    /// at least 32 octets.
    package var isUsable: Bool

    package init(state: CertificateFacts.FileState, isUsable: Bool = true) {
      (self.state, self.isUsable) = (state, isUsable)
    }
  }
}
