import OceanAddresses
import OceanPlan

/// The head of a request, as far as the monitor looks at it.
package struct MonitorRequest: Sendable {
  package var method: String
  /// The path, and what follows it.
  package var target: String
  /// All headers that were sent, names in any case.
  package var headers: [(name: String, value: String)]
  package var isHTTP10: Bool

  package init(
    method: String, target: String, headers: [(name: String, value: String)], isHTTP10: Bool = false
  ) {
    (self.method, self.target, self.headers, self.isHTTP10) = (method, target, headers, isHTTP10)
  }

  fileprivate func values(_ name: String) -> [String] {
    headers.filter { $0.name.lowercased() == name }.map(\.value)
  }
}

/// What a request gets.
package enum MonitorAnswer: Sendable, Hashable {
  /// The process lives.
  case health
  /// Whether it serves.
  case readiness
  case metrics
  /// - Parameter isStill: whether the page stays as it is until somebody loads it again.
  case page(isStill: Bool)
  case refused(MonitorRefusal)
}

/// Why a request gets nothing, with the status of HTTP.
package enum MonitorRefusal: Int, Sendable, Hashable {
  case malformed = 400
  case unauthorized = 401
  case otherOrigin = 403
  case notFound = 404
  case wrongMethod = 405
  case body = 413
  /// Somebody makes a browser believe that their name is ours (DNS rebinding).
  case otherHost = 421
  case headersTooLarge = 431
  case unready = 503

  /// One sentence for whoever asked.
  package var text: String {
    switch self {
    case .malformed: "This is not a request of HTTP/1.1."
    case .unauthorized: "The monitor's token is needed: as a Bearer token, or as the password of any user."
    case .otherOrigin: "Pages of other sites may not ask the monitor."
    case .notFound: "Here are /, /metrics, /healthz and /readyz."
    case .wrongMethod: "The monitor can only be read: GET and HEAD."
    case .body: "A request to the monitor has no body."
    case .otherHost:
      "Without a token the monitor answers to an IP address, localhost and the server's own name, and to no other host."
    case .headersTooLarge: "The headers are too large."
    case .unready: "No plan is running."
    }
  }
}

/// Decides about requests: who may read what.
package struct MonitorGate: Sendable {
  private let token: MonitorToken?
  private let hostname: String

  /// - Parameters:
  ///   - token: what requests must have; nil if they need nothing.
  ///   - hostname: the server's own name.
  package init(token: MonitorToken?, hostname: String) {
    (self.token, self.hostname) = (token, hostname.lowercased())
  }

  /// Whether names and addresses of people may be shown to those who are let in.
  package var hidesPeople: Bool { token == nil }

  /// Decides about one request.
  package func judge(_ request: MonitorRequest) -> MonitorAnswer {
    let hosts = request.values("host")
    guard hosts.count == 1 || hosts.isEmpty && request.isHTTP10 else { return .refused(.malformed) }
    guard !request.values("content-length").contains(where: { $0 != "0" }),
      request.values("transfer-encoding").isEmpty
    else { return .refused(.body) }
    guard ["GET", "HEAD"].contains(request.method) else { return .refused(.wrongMethod) }
    let parts = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let answer: MonitorAnswer
    switch parts.first {
    // What these say, a connection says already.
    case "/healthz": return .health
    case "/readyz": return .readiness
    case "/metrics": answer = .metrics
    case "/": answer = .page(isStill: parts.dropFirst().first == "still")
    default: return .refused(.notFound)
    }
    guard isOfSameSite(request, hosts.first) else { return .refused(.otherOrigin) }
    guard let token else {
      return isOurs(hosts.first) ? answer : .refused(.otherHost)
    }
    // A page of another site does not have the token, whatever name it is under.
    let authorizations = request.values("authorization")
    guard authorizations.count == 1, authorizations.allSatisfy(token.isNamed) else {
      return .refused(.unauthorized)
    }
    return answer
  }

  /// Whether no page of another site asks. A link from one to here is fine: that page learns nothing.
  private func isOfSameSite(_ request: MonitorRequest, _ host: String?) -> Bool {
    for origin in request.values("origin") where origin.lowercased() != "http://\(host?.lowercased() ?? "")" {
      return false
    }
    let isCross = request.values("sec-fetch-site").contains { ["cross-site", "same-site"].contains($0) }
    return !isCross || request.values("sec-fetch-mode") == ["navigate"]
  }

  /// Whether a name is one that nobody else can have.
  private func isOurs(_ host: String?) -> Bool {
    guard let host else { return false }
    var name = host.lowercased()[...]
    if name.hasPrefix("[") {
      guard let end = name.firstIndex(of: "]") else { return false }
      name = name[name.index(after: name.startIndex)..<end]
    } else if let colon = name.lastIndex(of: ":") {
      name = name[..<colon]
    }
    return name == "localhost" || name == hostname || (try? IPAddress(parsing: name)) != nil
  }
}
