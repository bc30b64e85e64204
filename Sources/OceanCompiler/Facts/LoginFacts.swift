package import OceanAddresses
import OceanPlan

extension Facts {
  /// An account that the config names, as its files say.
  package struct Login: Sendable, Hashable, Codable {
    package var login: FactRequest.Login
    /// Those who may log in with it; nobody, if it is missing or switched off, or not for the service.
    package var clients: AddressSet
    /// Why others may not.
    package var refusal: String
    /// The file it is in, and its line; nil if it is missing.
    package var file: String?
    package var line: Int?
    /// Whether a file that could not be read may have it.
    package var isUnknown: Bool

    package init(
      _ login: FactRequest.Login, clients: AddressSet, refusal: String, file: String?, line: Int?,
      isUnknown: Bool
    ) {
      self.login = login
      self.clients = clients
      self.refusal = refusal
      self.file = file
      self.line = line
      self.isUnknown = isUnknown
    }
  }

  /// What is known of an account in some files, at a service.
  func answer(_ user: String, _ files: [String], _ service: String) -> AccountAnswer {
    let wanted = FactRequest.Login(user: user, files: files, service: service)
    guard let found = logins?.first(where: { $0.login == wanted }) else {
      return .unknown("it is not among the facts")
    }
    if found.isUnknown { return .unknown(found.refusal) }
    let place = found.file.flatMap { file in
      found.line.map { Provenance.Origin(file: file, line: $0, column: 1) }
    }
    return .found(
      AccountAnswer.Account(
        clients: found.clients, refusal: found.refusal, place: place, mailbox: { .unknown("nobody looked") }))
  }
}
