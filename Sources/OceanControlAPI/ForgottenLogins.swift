/// Selects the remembered logins that account sources forget.
package struct ForgetRequest: Sendable, Hashable, Codable {
  /// A name as a client gives it, or that of the account; nil for everybody.
  package var user: String?

  package init(user: String?) { self.user = user }
}

/// The logins that account sources had remembered, and have forgotten.
package struct ForgottenLogins: Sendable, Hashable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  /// The sources that remember logins, by name.
  package var sources: [Source]

  package init(sources: [Source]) { self.sources = sources }

  /// How many there were, of all sources.
  package var count: Int { sources.reduce(0) { $0 + $1.forgotten } }

  package struct Source: Sendable, Hashable, Codable {
    package var name: String
    package var forgotten: Int

    package init(name: String, forgotten: Int) { (self.name, self.forgotten) = (name, forgotten) }
  }
}
