internal import COpenSSL

/// Everything a handshake needs under one name: certificates with their keys (one of each key type, so that
/// ECDSA and RSA stand side by side), a profile, ticket keys. Made once, shared by all connections and event
/// loops; immutable, hence Sendable.
package final class TLSContext: @unchecked Sendable {
  package enum CreationError: Error, Hashable, Sendable {
    case noIdentity
    /// This identity has the same key type as an earlier one.
    case duplicateKeyType(index: Int)
    /// libssl does not accept this identity at the profile's security level, for example because of `ee key
    /// too small`.
    case identityRefused(index: Int, LibraryError)
    case profileRefused(LibraryError)
  }

  package let profile: TLSProfile
  let tickets: TicketKeys
  let ctx: OpaquePointer

  package init(
    identities: [TLSIdentity], profile: TLSProfile, tickets: TicketKeys
  ) throws(CreationError) {
    guard !identities.isEmpty else { throw .noIdentity }
    ERR_clear_error()
    guard let ctx = SSL_CTX_new(TLS_server_method()) else { throw .profileRefused(.take()) }
    self.ctx = ctx
    self.profile = profile
    self.tickets = tickets
    // From here on deinit frees ctx, also after a throw.
    guard profile.apply(to: ctx) else { throw .profileRefused(.take()) }
    setBehaviour()
    try present(identities)
    guard separateSessions(of: identities) else { throw .profileRefused(.take()) }
  }

  deinit {
    SSL_CTX_free(ctx)
  }

  private func present(_ identities: [TLSIdentity]) throws(CreationError) {
    var types: Set<Int32> = []
    for (index, identity) in identities.enumerated() {
      guard let leaf = identity.chain.first else { throw .noIdentity }
      guard types.insert(EVP_PKEY_get_base_id(identity.key.pkey)).inserted else {
        throw .duplicateKeyType(index: index)
      }
      let issuers = OPENSSL_sk_new_null()
      defer { OPENSSL_sk_free(issuers) }
      for issuer in identity.chain.dropFirst() { OPENSSL_sk_push(issuers, UnsafeRawPointer(issuer.x509)) }
      ERR_clear_error()
      guard SSL_CTX_use_cert_and_key(ctx, leaf.x509, identity.key.pkey, issuers, 1) == 1 else {
        throw .identityRefused(index: index, .take())
      }
    }
  }

  private func setBehaviour() {
    SSL_CTX_set_options(
      ctx,
      ocean_SSL_OP_NO_RENEGOTIATION | ocean_SSL_OP_NO_COMPRESSION
        // A password does not stay in a record's buffer after it was read.
        | ocean_SSL_OP_CLEANSE_PLAINTEXT
        // The server's order decides, but a client that prefers ChaCha20 has no AES in hardware.
        | ocean_SSL_OP_CIPHER_SERVER_PREFERENCE | ocean_SSL_OP_PRIORITIZE_CHACHA)
    ocean_SSL_CTX_set_mode(
      ctx,
      // An idle connection holds no record buffers: 34 KiB less.
      Int(SSL_MODE_RELEASE_BUFFERS)
        // Plaintext passes through buffers that move between calls.
        | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        // The chain is the one that the administrator gave; searching a trust store for more at each
        // handshake is slow and depends on the machine.
        | Int(SSL_MODE_NO_AUTO_CHAIN))
    // Sessions live only in their tickets: nothing to share between loops, nothing that grows.
    ocean_SSL_CTX_set_session_cache_mode(ctx, Int(SSL_SESS_CACHE_OFF))
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, sealOrOpenTicket)
    SSL_CTX_set_timeout(ctx, Int(TicketKeys.lifetime))
    // A mail client has a connection or two; each ticket costs as much as a small message.
    SSL_CTX_set_num_tickets(ctx, 1)
    // No early data: a replayed 0-RTT flight could repeat a DELE and a QUIT (RFC 8446 §8).
    SSL_CTX_set_max_early_data(ctx, 0)
    SSL_CTX_set_client_hello_cb(ctx, chooseContext, nil)
    ocean_SSL_CTX_set_tlsext_servername_callback(ctx, acknowledgeServerName)
    SSL_CTX_set_alpn_select_cb(ctx, selectProtocol, nil)
  }

  /// Binds sessions to profile and certificates: a ticket issued under others leads to a full handshake (RFC
  /// 6066 §3, and RFC 5077 §5.6 on sharing keys). Contexts with equal ones share sessions, whatever service
  /// or reload they come from.
  private func separateSessions(of identities: [TLSIdentity]) -> Bool {
    var input = [profile.rawValue]
    for identity in identities { input += Array((identity.leaf?.sha256Fingerprint ?? "").utf8) }
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    return EVP_Digest(input, input.count, &digest, &count, EVP_sha256(), nil) == 1
      && SSL_CTX_set_session_id_context(ctx, digest, count) == 1
  }
}
