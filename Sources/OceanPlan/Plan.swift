/// What the engine executes: every name resolved, every default filled in, nothing left to decide.
///
/// A plan is a value. Two configs that mean the same compile to equal plans, whatever their comments, the
/// order of their keys or the words they chose; where each value came from is kept beside it, in `Provenance`.
package struct Plan: Sendable, Hashable, Codable {
  package var server: Server
  package var log: Log
  /// Sorted by name. Those that no service uses included.
  package var certificates: [Certificate]
  /// Sorted by name.
  package var accounts: [AccountSource]
  package var mail: Mail
  /// Sorted by name; disabled ones included.
  package var services: [Service]

  package init(
    server: Server, log: Log, certificates: [Certificate] = [], accounts: [AccountSource], mail: Mail,
    services: [Service]
  ) {
    self.server = server
    self.log = log
    self.certificates = certificates
    self.accounts = accounts
    self.mail = mail
    self.services = services
  }

  package struct Server: Sendable, Hashable, Codable {
    /// Greets clients.
    package var hostname: String
    /// Absolute path of the directory for locks and everything else the server keeps.
    package var state: String
    /// The user to become before serving; nil keeps the caller's.
    package var user: String?
    /// Lower case. The domain of a login without `@`.
    package var defaultDomain: String?
    /// How long sessions may go on after the server was asked to stop.
    package var drainSeconds: Int
    package var limits: Limits
    package var antiHammering: AntiHammering

    package init(
      hostname: String, state: String, user: String?, defaultDomain: String?, drainSeconds: Int,
      limits: Limits = Limits(), antiHammering: AntiHammering = AntiHammering()
    ) {
      self.hostname = hostname
      self.state = state
      self.user = user
      self.defaultDomain = defaultDomain
      self.drainSeconds = drainSeconds
      self.limits = limits
      self.antiHammering = antiHammering
    }
  }

  package struct Log: Sendable, Hashable, Codable {
    /// Absolute path of the access log; nil writes none.
    package var access: String?

    package init(access: String?) { self.access = access }
  }

  package struct AccountSource: Sendable, Hashable, Codable {
    package var name: String
    /// Absolute path. The contents are read when somebody logs in and are no part of the plan.
    package var passwdFile: String

    package init(name: String, passwdFile: String) {
      self.name = name
      self.passwdFile = passwdFile
    }
  }

  package struct Mail: Sendable, Hashable, Codable {
    /// Filled in at each login.
    package var maildir: MailTemplate
    package var uidl: UIDLSource

    package init(maildir: MailTemplate, uidl: UIDLSource = .ocean) {
      self.maildir = maildir
      self.uidl = uidl
    }
  }
}

extension Plan {
  package struct Service: Sendable, Hashable, Codable {
    package var name: String
    package var kind: Kind
    package var enabled: Bool
    /// Sorted by address, then port.
    package var listeners: [Listener]
    package var limits: Limits
    /// Names of `Plan.accounts`, in the order they are asked.
    package var accounts: [String]
    /// Clients with these addresses may log in without TLS, and nobody else: none is "never", everything is "always".
    /// Already none where TLS is required and no network was named.
    package var plaintextLogin: AddressSet
    /// Nil: no TLS at all.
    package var tls: TLS?
    package var ipControl: IPControl
    /// Whether failed logins here count, and blocked addresses are kept out.
    package var antiHammering: Bool
    /// Proxies: what they send begins with a PROXY header, which says for whom; they may do nothing else.
    package var proxyFrom: AddressSet

    package init(
      name: String, kind: Kind, enabled: Bool, listeners: [Listener], limits: Limits, accounts: [String],
      plaintextLogin: AddressSet, tls: TLS? = nil, ipControl: IPControl = IPControl(),
      antiHammering: Bool = true, proxyFrom: AddressSet = AddressSet()
    ) {
      self.name = name
      self.kind = kind
      self.enabled = enabled
      self.listeners = listeners
      self.limits = limits
      self.accounts = accounts
      self.plaintextLogin = plaintextLogin
      self.tls = tls
      self.ipControl = ipControl
      self.antiHammering = antiHammering
      self.proxyFrom = proxyFrom
    }

    package enum Kind: String, Sendable, Hashable, Codable {
      case pop3
    }
  }

  /// One listening socket: an address of one family and a port.
  package struct Listener: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    package var address: IPAddress
    package var port: Int
    package var tls: TLSMode

    package init(address: IPAddress, port: Int, tls: TLSMode) {
      self.address = address
      self.port = port
      self.tls = tls
    }

    package enum TLSMode: String, Sendable, Hashable, Codable {
      /// Plain text, and STLS (RFC 2595 §4) if the service has it.
      case none
      /// TLS from the first octet (RFC 8314 §3.2).
      case implicit
    }

    package var endpoint: Endpoint { Endpoint(address: address, port: port) }

    package var description: String { endpoint.description }

    package static func < (a: Listener, b: Listener) -> Bool { a.endpoint < b.endpoint }
  }

  /// Every number that bounds a session. None of them is infinite.
  package struct Limits: Sendable, Hashable, Codable {
    /// Sessions of the service at one time, over all its listeners.
    package var connections: Int
    /// Seconds without traffic after which a session is closed.
    package var idleSeconds: Int
    /// Seconds a client has to log in.
    package var loginSeconds: Int
    /// Seconds a TLS handshake may take.
    package var handshakeSeconds: Int
    /// Failed logins after which the connection is closed.
    package var loginAttempts: Int
    /// Commands in a row that are none after which the connection is closed.
    package var badCommands: Int
    /// Milliseconds from a failed login to its reply.
    package var failureDelayMilliseconds: Int
    /// Octets of a command line, its CRLF included (RFC 2449 §4).
    package var lineOctets: Int
    /// Octets of replies a session may have waiting for a client that does not read.
    package var outputOctets: Int

    package init(
      connections: Int, idleSeconds: Int, loginSeconds: Int, loginAttempts: Int, badCommands: Int,
      failureDelayMilliseconds: Int, lineOctets: Int, outputOctets: Int, handshakeSeconds: Int = 30
    ) {
      self.connections = connections
      self.idleSeconds = idleSeconds
      self.loginSeconds = loginSeconds
      self.handshakeSeconds = handshakeSeconds
      self.loginAttempts = loginAttempts
      self.badCommands = badCommands
      self.failureDelayMilliseconds = failureDelayMilliseconds
      self.lineOctets = lineOctets
      self.outputOctets = outputOctets
    }
  }
}

/// An address and a port, written `192.0.2.1:110` or `[2001:db8::1]:110`.
package struct Endpoint: Sendable, Hashable, Comparable, CustomStringConvertible {
  package var address: IPAddress
  package var port: Int

  package init(address: IPAddress, port: Int) {
    self.address = address
    self.port = port
  }

  package var description: String {
    address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }

  /// Whether a client of the one could come to the other: they are the same, or one is the port of every address.
  package func overlaps(_ other: Endpoint) -> Bool {
    port == other.port && address.family == other.address.family
      && (address == other.address || address.isUnspecified || other.address.isUnspecified)
  }

  /// `192.0.2.1:110` or `[2001:db8::1]:110`; nil if it is written otherwise.
  package init?(parsing text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
    else { return nil }
    var host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    guard let address = try? IPAddress(parsing: host), (address.family == .v6) == isBracketed else {
      return nil
    }
    self.init(address: address, port: Int(port))
  }

  package static func < (a: Endpoint, b: Endpoint) -> Bool {
    a.address == b.address ? a.port < b.port : a.address < b.address
  }
}
