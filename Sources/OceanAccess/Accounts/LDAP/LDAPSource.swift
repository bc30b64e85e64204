internal import Dispatch
package import OceanBase
package import OceanPlan
internal import Synchronization

/// The accounts in a directory, each found by a filter when somebody logs in.
typealias LDAPSource = PooledSource<DirectoryConnection>

extension PooledSource where Connection == DirectoryConnection {
  /// - Parameters:
  ///   - password: nil if none is needed; nothing in it if it cannot be read.
  ///   - cacheSeconds: how long logins are remembered; nil if they are not.
  convenience init(
    _ settings: Plan.LDAP, password: SecretBytes??, cacheSeconds: Int? = nil, observer: BackendObserver
  ) {
    let place = settings.url?.description ?? ""
    self.init(
      place, threads: settings.connections, timeout: settings.timeoutSeconds,
      checksItself: settings.verify == .bind,
      cache: cacheSeconds.map {
        LoginCache(of: place, seconds: $0, dependsOnClient: settings.filter.parameters.contains(.client))
      }, observer: observer,
      connect: { deadline throws(BackendError) in
        if case .some(.none) = password { throw .noPassword }
        return try DirectoryConnection(settings, password: password ?? nil, until: deadline)
      },
      ask: { connection, question, deadline throws(BackendError) in
        try connection.answer(question, until: deadline)
      })
  }
}

/// Asks a directory what it could say about accounts, and never for one.
package struct DirectoryProbe: Sendable {
  /// Whether the base is there.
  package let hasBase: Bool
  /// The attributes of the settings that the schema does not have; nil if the schema is not shown.
  package let unknown: [String]?
  /// Attributes of the settings that are written by another name than the one by which entries have them.
  package let aliases: [(written: String, name: String)]

  /// Blocks, about as long as a login may wait.
  package init(_ settings: Plan.LDAP, password: SecretBytes?) throws(BackendError) {
    // On a thread of its own, because a connection does not leave its thread's signals as they are.
    let asked = DispatchSemaphore(value: 0)
    let probe = Mutex<Result<DirectoryProbe, BackendError>>(.failure(.overloaded))
    let isStarted = SystemThread.startDetached {
      let found = Result { () throws(BackendError) in
        try DirectoryProbe(asking: settings, password: password)
      }
      probe.withLock { $0 = found }
      asked.signal()
    }
    if isStarted { asked.wait() }
    self = try probe.withLock { $0 }.get()
  }

  private init(asking settings: Plan.LDAP, password: SecretBytes?) throws(BackendError) {
    let deadline = SystemClock.boot.now + Int64(settings.timeoutSeconds) * 1_000_000_000
    let connection = try DirectoryConnection(settings, password: password, until: deadline)
    let (hasBase, known) = try connection.shape(until: deadline)
    self.hasBase = hasBase
    var (unknown, aliases): ([String], [(written: String, name: String)]) = ([], [])
    for written in settings.fields.map(\.attribute) + settings.filter.attributes {
      guard let name = known?[written.lowercased()] else {
        if !unknown.contains(written) { unknown.append(written) }
        continue
      }
      if name.lowercased() != written.lowercased(), !aliases.contains(where: { $0.written == written }) {
        aliases.append((written, name))
      }
    }
    self.unknown = known.map { _ in unknown }
    self.aliases = aliases
  }
}
