extension Plan {
  /// A value of a plan, under its path.
  package struct Setting: Sendable, Hashable {
    package let path: SettingPath
    /// Nil if there is none: no access log.
    package let value: Value?

    package enum Value: Sendable, Hashable {
      case text(String)
      case addresses(AddressSet)
      /// Of `server.limits.except`.
      case exceptions([Server.Limits.Exception])
    }

    init(_ path: SettingPath, _ value: Value?) {
      self.path = path
      self.value = value
    }
  }
}

extension Plan.Setting {
  /// Itself, but of `server.limits.except` one a number, `server.limits.except.200`: the addresses it holds for.
  package var parts: [Plan.Setting] {
    guard case .exceptions(let exceptions) = value else { return [self] }
    return exceptions.map { Plan.Setting(path.appending("\($0.connectionsPerIP)"), .addresses($0.from)) }
  }
}

extension Plan.Setting.Value {
  /// In words, long sets by their numbers.
  package var text: String { text { $0.summary } }

  /// In words, to the last address: other values have other texts.
  var wholeText: String {
    text { $0.isEmpty ? "none" : $0 == .all ? "everywhere" : $0.shortDescription }
  }

  private func text(_ words: (AddressSet) -> String) -> String {
    switch self {
    case .text(let text): text
    case .addresses(let addresses): words(addresses)
    case .exceptions(let exceptions):
      exceptions.map { "\(words($0.from)): \($0.connectionsPerIP)" }.joined(separator: "; ")
    }
  }

  /// One value and the one in its place: `10m -> 20m`; of a value that comes `20m`, of one that goes `no longer 10m`.
  package static func text(_ before: Self?, _ after: Self?) -> String {
    switch (before, after) {
    // Numbers of addresses do not tell which.
    case (.addresses(let old)?, .addresses(let new)?) where old.isLong || new.isLong:
      "\(old.summary) -> \(new.summary); new: \(new.subtracting(old).summary); gone: \(old.subtracting(new).summary)"
    case (let before?, let after?): "\(before.text) -> \(after.text)"
    case (let before?, nil): "no longer \(before.text)"
    case (nil, let after): after?.text ?? ""
    }
  }
}
