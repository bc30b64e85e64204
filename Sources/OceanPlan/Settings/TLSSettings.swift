extension Plan.Service {
  /// The TLS of a service.
  package struct TLS: Sendable, Hashable {
    /// STLS on listeners without implicit TLS.
    package var explicit: Explicit
    /// Names of `Plan.certificates`, without repetition. The first is for clients that name no host (RFC 6066
    /// §3), or a host that no certificate is for.
    package var certificates: [String]
    package var profile: Profile

    package init(explicit: Explicit, certificates: [String], profile: Profile) {
      self.explicit = explicit
      self.certificates = certificates
      self.profile = profile
    }

    package enum Explicit: String, Sendable, Hashable, Codable, CaseIterable {
      case off
      /// TLS is offered.
      case optional
      /// TLS is offered, and required for a login, except for the networks of `plaintextLogin`.
      case required
    }

    /// The clients that a service is for.
    package enum Profile: String, Sendable, Hashable, Codable, CaseIterable {
      /// TLS 1.3 alone.
      case modern
      /// TLS 1.2 and 1.3 with forward secrecy.
      case intermediate
      /// Everything that the linked libssl can do.
      case legacy
    }
  }
}

extension DirectionRule<Plan.Service.TLS, [String]> {
  /// Which keys the names stand for is in the plan's certificates: `PlanComparison` finds the direction.
  fileprivate static let weakerKeys = DirectionRule(
    "a weak key, where no key was weak", "no weak key any more", section: { _, _ in nil })
}

extension Plan.Service.TLS: PlanSection {
  package static let blank = Self(explicit: .off, certificates: [], profile: .intermediate)

  package static let explicit = PlanSetting<Self, Explicit>(
    "explicit", \.explicit, .word, .tls, .newSessions,
    owner: .policy, direction: .strongestFirst([.required, .optional, .off]), isOfWayIn: true)
  package static let certificate = PlanSetting<Self, [String]>(
    "certificate", \.certificates, .names, .tls, .handshakes, owner: .policy, direction: .weakerKeys)
  package static let profile = PlanSetting<Self, Profile>(
    "profile", \.profile, .word, .tls, .handshakes,
    owner: .policy, direction: .strongestFirst([.modern, .intermediate, .legacy]), isOfWayIn: true)

  package static let rows: [PlanRow<Self>] = [PlanRow(explicit), PlanRow(certificate), PlanRow(profile)]

  package static func path(of service: String) -> SettingPath { .service(service).appending("tls") }
}

extension PlanRow<Plan.Service> {
  /// The section of a service that may have no TLS: then it is `{ "explicit": "off" }`.
  static func tls(
    _ name: String,
    _ path:
      @autoclosure @escaping @Sendable () -> any WritableKeyPath<Plan.Service, Plan.Service.TLS?> & Sendable
  ) -> PlanRow {
    typealias TLS = Plan.Service.TLS
    let key = SettingKey(name)
    var row = PlanRow(
      read: { container, service in
        let found = try container.decode(NoTLS.self, forKey: key)
        let isNone = found.explicit == .off && found.certificate == nil
        service[keyPath: path()] = isNone ? nil : try container.decode(TLS.self, forKey: key)
      },
      write: { service, container in
        if let tls = service[keyPath: path()] {
          try container.encode(tls, forKey: key)
        } else {
          try container.encode(NoTLS(), forKey: key)
        }
      })
    let section = PlanRow<TLSHolder>.section(name, \.tls)
    row.infos = section.infos
    row.leaveOutOwn = { service in
      let path = path()
      guard let tls = service[keyPath: path] else { return }
      var holder = TLSHolder(tls: tls)
      section.leaveOutOwn(&holder)
      service[keyPath: path] = holder.tls
    }
    row.differences = { before, after, place in
      let (old, new) = (before[keyPath: path()], after[keyPath: path()])
      if let old, let new {
        return section.differences(TLSHolder(tls: old), TLSHolder(tls: new), place)
      }
      guard old != new else { return [] }
      // TLS that comes or goes as a whole is a difference of `explicit`, even if that is off on both sides.
      let with = old ?? new ?? .blank
      let direction = TLS.explicit.direction.direction((.blank, .off), (with, with.explicit))
      return [
        SettingDifference(
          path: TLS.explicit.path(in: place.appending(name)), changeClass: TLS.explicit.changeClass.usual,
          direction: old == nil ? direction : direction?.reversed)
      ]
    }
    row.settings = { service, place in
      if let tls = service[keyPath: path()] { return section.settings(TLSHolder(tls: tls), place) }
      return [Plan.Setting(TLS.explicit.path(in: place.appending(name)), TLS.explicit.type.shown(.off))]
    }
    row.edits = { service, place in
      guard let tls = service[keyPath: path()] else { return [] }
      return section.edits(TLSHolder(tls: tls), place).map { edit in
        PlanEdit(path: edit.path) { service in
          guard let tls = service[keyPath: path()] else { return }
          var holder = TLSHolder(tls: tls)
          edit.apply(&holder)
          service[keyPath: path()] = holder.tls
        }
      }
    }
    return row
  }
}

/// The section in the plan file of a service without TLS.
private struct NoTLS: Codable {
  var explicit = Plan.Service.TLS.Explicit.off
  var certificate: [String]?
}

/// A service with TLS, reduced to its TLS section.
private struct TLSHolder: PlanSection {
  var tls: Plan.Service.TLS
  static let blank = TLSHolder(tls: .blank)
  static let rows: [PlanRow<TLSHolder>] = []
}

extension Plan.Service {
  /// How a client of a listener gets to TLS, in the one word that is shown everywhere.
  package enum Security: String, Sendable, Comparable {
    case tls = "TLS"
    case stls = "STLS"
    case plain

    /// - Parameter explicit: the STLS setting of the listener's service; nil if it has no TLS at all.
    package init(_ mode: Plan.Listener.TLSMode, explicit: TLS.Explicit?) {
      self = mode == .implicit ? .tls : (explicit ?? .off) == .off ? .plain : .stls
    }

    /// Whether it is weaker: TLS from the first octet cannot be kept from a client by whoever is in between.
    package static func < (a: Security, b: Security) -> Bool {
      switch (a, b) {
      case (.plain, .stls), (.plain, .tls), (.stls, .tls): true
      default: false
      }
    }
  }

  /// A listener with its TLS: `192.0.2.1:110 STLS`.
  package func text(of listener: Plan.Listener) -> String {
    "\(listener) \(Security(listener.tls, explicit: tls?.explicit).rawValue)"
  }
}
