package import OceanSyntax

extension DiagnosticCode {
  /// Every code that ocean knows, in order.
  package static let all: [DiagnosticCode] =
    [
      syntaxCodes, settingsCodes, planCodes, tlsCodes, accessCodes, permissionCodes, warningCodes,
      tlsWarningCodes, accessWarningCodes, exposureCodes, limitCodes, trustCodes, lockoutCodes,
      endCodes, monitorCodes, accountCodes, directoryCodes, socketCodes, lockCodes, sharingCodes, fleetCodes,
    ].flatMap(\.self).sorted { $0.id < $1.id }

  package static let byID = Dictionary(
    all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
}
