internal import Glibc
internal import OceanPlan

/// The functions of OpenLDAP's library that are used. Their types are those of its headers, `ldap.h` and `lber.h`.
struct LDAPLibrary: Sendable {
  typealias Handle = OpaquePointer
  typealias Message = OpaquePointer
  typealias Text = UnsafePointer<CChar>
  typealias Texts = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  /// A pointer to pointers to `struct berval`: a length, and the address of the bytes.
  typealias Values = UnsafeMutablePointer<UnsafeRawPointer?>

  let initialize: @Sendable @convention(c) (UnsafeMutablePointer<Handle?>, Text) -> CInt
  let setOption: @Sendable @convention(c) (Handle, CInt, UnsafeRawPointer?) -> CInt
  let getOption: @Sendable @convention(c) (Handle, CInt, UnsafeMutableRawPointer) -> CInt
  let connect: @Sendable @convention(c) (Handle) -> CInt
  let startTLS: @Sendable @convention(c) (Handle, UnsafeRawPointer?, UnsafeRawPointer?) -> CInt
  let close: @Sendable @convention(c) (Handle, UnsafeRawPointer?, UnsafeRawPointer?) -> CInt
  let bind:
    @Sendable @convention(c) (
      Handle, Text, Text?, UnsafeRawPointer, UnsafeRawPointer?, UnsafeRawPointer?, UnsafeMutablePointer<CInt>
    ) -> CInt
  let search:
    @Sendable @convention(c) (
      Handle, Text, CInt, Text, Texts, CInt, UnsafeRawPointer?, UnsafeRawPointer?, UnsafePointer<timeval>,
      CInt, UnsafeMutablePointer<CInt>
    ) -> CInt
  let result:
    @Sendable @convention(c) (Handle, CInt, CInt, UnsafePointer<timeval>, UnsafeMutablePointer<Message?>) ->
      CInt
  let parseResult:
    @Sendable @convention(c) (
      Handle, Message, UnsafeMutablePointer<CInt>, UnsafeMutableRawPointer?,
      UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?,
      CInt
    ) -> CInt
  let freeMessage: @Sendable @convention(c) (Message) -> CInt
  let name: @Sendable @convention(c) (Handle, Message) -> UnsafeMutablePointer<CChar>?
  let values: @Sendable @convention(c) (Handle, Message, Text) -> Values?
  let firstAttribute:
    @Sendable @convention(c) (Handle, Message, UnsafeMutablePointer<OpaquePointer?>) ->
      UnsafeMutablePointer<CChar>?
  let nextAttribute: @Sendable @convention(c) (Handle, Message, OpaquePointer) -> UnsafeMutablePointer<CChar>?
  let freePosition: @Sendable @convention(c) (OpaquePointer, CInt) -> Void
  let freeValues: @Sendable @convention(c) (Values) -> Void
  let free: @Sendable @convention(c) (UnsafeMutableRawPointer) -> Void
  let text: @Sendable @convention(c) (CInt) -> Text?
  let controlSocket: @Sendable @convention(c) (OpaquePointer, CInt, UnsafeMutableRawPointer) -> CInt

  private init() throws(BackendError) {
    let library = try Self.load()
    initialize = try library.function("ldap_initialize")
    setOption = try library.function("ldap_set_option")
    getOption = try library.function("ldap_get_option")
    connect = try library.function("ldap_connect")
    startTLS = try library.function("ldap_start_tls_s")
    close = try library.function("ldap_unbind_ext")
    bind = try library.function("ldap_sasl_bind")
    search = try library.function("ldap_search_ext")
    result = try library.function("ldap_result")
    parseResult = try library.function("ldap_parse_result")
    freeMessage = try library.function("ldap_msgfree")
    name = try library.function("ldap_get_dn")
    values = try library.function("ldap_get_values_len")
    firstAttribute = try library.function("ldap_first_attribute")
    nextAttribute = try library.function("ldap_next_attribute")
    freeValues = try library.function("ldap_value_free_len")
    free = try library.function("ldap_memfree")
    text = try library.function("ldap_err2string")
    // Of liblber, which the library brings with it.
    controlSocket = try library.function("ber_sockbuf_ctrl")
    freePosition = try library.function("ber_free")
    start()
  }

  /// Uses the library and its TLS once. It makes itself ready at the first use, which several threads must not do together.
  private func start() {
    var handle: Handle?
    guard initialize(&handle, "ldap://127.0.0.1") == Code.success, let handle else { return }
    for (option, value) in [(Option.requireCertificate, Self.requireNever), (Option.newContext, 0)] {
      _ = withUnsafePointer(to: value) { setOption(handle, option, $0) }
    }
    _ = close(handle, nil, nil)
  }

  /// Debian 12 has the library under a name of its own.
  private static func load() throws(BackendError) -> DynamicLibrary {
    let package = LDAPURL.package
    do { return try DynamicLibrary("libldap.so.2", package: package) } catch {
      do { return try DynamicLibrary("libldap-2.5.so.0", package: package) } catch { throw error }
    }
  }

  static let functions = LibraryFunctions { () throws(BackendError) in try LDAPLibrary() }
}

/// Numbers of `ldap.h` and `lber.h`.
extension LDAPLibrary {
  enum Option {
    static let descriptor: CInt = 0x0001
    static let dereference: CInt = 0x0002
    static let referrals: CInt = 0x0008
    static let version: CInt = 0x0011
    static let resultCode: CInt = 0x0031
    static let diagnosticMessage: CInt = 0x0032
    static let timeout: CInt = 0x5002
    static let networkTimeout: CInt = 0x5005
    static let socketBuffer: CInt = 0x5008
    static let caFile: CInt = 0x6002
    static let caDirectory: CInt = 0x6003
    static let certificateFile: CInt = 0x6004
    static let keyFile: CInt = 0x6005
    static let requireCertificate: CInt = 0x6006
    static let minimumTLS: CInt = 0x6007
    static let newContext: CInt = 0x600f
  }

  static let setMaxIncoming: CInt = 14
  static let requireNever: CInt = 0
  static let requireDemand: CInt = 2
  /// TLS 1.2.
  static let tls12: CInt = 0x303

  enum Answer {
    static let bind: CInt = 0x61
    static let entry: CInt = 0x64
    static let searchResult: CInt = 0x65
    static let reference: CInt = 0x73
  }

  enum Code {
    static let success: CInt = 0
    static let timeLimitExceeded: CInt = 3
    static let referral: CInt = 10
    static let noSuchObject: CInt = 32
    static let inappropriateAuthentication: CInt = 48
    static let invalidCredentials: CInt = 49
    static let busy: CInt = 51
    static let unavailable: CInt = 52
    static let serverDown: CInt = -1
    static let decoding: CInt = -4
    static let timedOut: CInt = -5
    static let connect: CInt = -11
  }
}
