package import OceanAddresses
package import OceanPlan

/// Which address, for which service.
package struct AddressQuestion: Sendable, Hashable, Codable {
  package var address: IPAddress
  package var service: String

  package init(address: IPAddress, service: String) {
    self.address = address
    self.service = service
  }
}

/// The state of an address on a server.
package struct AddressReport: Sendable, Hashable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  /// The digest of the running plan.
  package var plan: Digest
  package var state: AddressState

  package init(plan: Digest, state: AddressState) {
    self.plan = plan
    self.state = state
  }
}
