import OceanAddresses
import OceanPlan

extension PlanVersion {
  /// A plan with one service 'pop3' on 127.0.0.1:110.
  static func serving(
    _ change: (inout Plan.Server, inout Plan.Service) -> Void = { _, _ in }
  ) throws -> PlanVersion {
    var server = Plan.Server(hostname: "mail.example.org")
    var service = Plan.Service(name: "pop3")
    service.listeners = [Plan.Listener(address: IPAddress(v4: 127 << 24 | 1), port: 110, tls: .none)]
    service.plaintextLogin = .all
    service.accounts = ["main"]
    change(&server, &service)
    let maildir = try MailTemplate(parsing: "/mail/{user}")
    let plan = Plan(
      server: server, log: Plan.Log(access: "/access.jsonl"), certificates: [],
      accounts: [Plan.AccountSource(name: "main", passwdFile: "/users")],
      mail: Plan.Mail(maildir: maildir), services: [service])
    return try PlanVersion(plan, Provenance())
  }
}

/// A line as the server writes it.
func logLine(
  _ event: String = "session", at time: String, peer: String = "192.0.2.1", user: String? = nil,
  outcome: String = "quit", milliseconds: Int = 0
) -> String {
  let user = user.map { "\"\($0)\"" } ?? "null"
  let fraction = String(1000 + milliseconds % 1000).dropFirst()
  return
    #"{"time":"\#(time)","event":"\#(event)","service":"pop3","peer":"\#(peer)","local":"127.0.0.1:110","#
    + #""tls":null,"user":\#(user),"outcome":"\#(outcome)","retrieved":0,"bytes":0,"deleted":0,"#
    + #""seconds":\#(milliseconds / 1000).\#(fraction),"plan":"0bb302"}"#
}
