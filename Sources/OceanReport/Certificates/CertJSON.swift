import OceanBase
import OceanSyntax
import OceanTLS

/// The output of `ocean cert show --format json`.
package enum CertJSON {
  package static func text(_ subject: CertSubject, _ presented: ServerConnection?, _ problems: [CertProblem])
    -> String
  {
    let certificates = subject.file.certificates.map { certificate($0, at: subject.time) }
    let isValid = !problems.contains { $0.severity == .error }
    let findings = problems.map {
      #"{"severity":"\#($0.severity.rawValue)","message":\#($0.message.jsonQuoted)}"#
    }
    let key = subject.key == nil ? "null" : "\(subject.file.identity != nil)"
    return """
      {"format_version":1,"source":\(subject.source.jsonQuoted),"time":"\(Timestamp.text(subject.time))","valid":\(isValid),\
      "key_matches":\(key),"server":\(presented.map(server) ?? "null"),
      "certificates":\(list(certificates)),
      "findings":\(list(findings))}
      """
  }

  private static func certificate(_ info: CertificateInfo, at time: Int64) -> String {
    let names = info.names.map { "\($0)".jsonQuoted }.joined(separator: ",")
    // Rounded towards the past, so that an expired certificate never has 0 days left.
    let seconds = info.notAfter - time
    let daysLeft = seconds >= 0 ? seconds / Timestamp.day : (seconds + 1) / Timestamp.day - 1
    return """
      {"subject":\(info.subject.jsonQuoted),"names":[\(names)],"issuer":\(info.issuer.jsonQuoted),\
      "self_signed":\(info.isSelfSigned),"serial":\(info.serial.jsonQuoted),\
      "not_before":"\(Timestamp.text(info.notBefore))","not_after":"\(Timestamp.text(info.notAfter))",\
      "days_left":\(daysLeft),"key":\(info.keyType.text.jsonQuoted),\
      "signature":\(info.signatureAlgorithm.jsonQuoted),"sha256":"\(info.sha256Fingerprint)"}
      """
  }

  private static func server(_ presented: ServerConnection) -> String {
    """
    {"server_name":\(presented.serverName.map(\.jsonQuoted) ?? "null"),\
    "protocol":\(presented.version.jsonQuoted),"cipher":\(presented.cipher.jsonQuoted)}
    """
  }

  private static func list(_ members: [String]) -> String {
    members.isEmpty ? "[]" : "[\n  " + members.joined(separator: ",\n  ") + "\n]"
  }
}
