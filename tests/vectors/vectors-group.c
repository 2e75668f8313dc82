/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Key exchanges against published numbers, each also computed apart from Outrider when it was written down: the
 * curves of RFC 7748 by its ladder, the others by another library. No RFC publishes numbers for MODP: Python built
 * each prime from the closed formula of RFC 2409 and 3526, with pi to as many digits, checked that it is a safe
 * prime, and raised two to powers. The secret of the groups up to 2048 bits starts with a zero octet, which must not
 * get lost.
 */

#include "crypto/group.h"
#include "crypto/prf.h"
#include "support/hex.h"

static const struct
{
    const char *source, *group;
    const char *private_a, *public_a;
    const char *private_b, *public_b; /* private: empty if it was not published */
    const char *secret;
} exchanges[] = {
    { "RFC 5903 8.1", "ecp256", "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
      "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f"
      "1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
      "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
      "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157"
      "854c13c58d6aac23f046ada30f8353e74f33039872ab",
      "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de" },
    { "RFC 5903 8.2", "ecp384",
      "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3fae"
      "f896783ab194",
      "667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de3ac808acb4bdb4c887"
      "32aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38eeb9fcff3"
      "c2c947dae69b4c634573a81c",
      "41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942e0308312916b8ed2960e"
      "4bd55a7448fc",
      "e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d0d1ac43a0336def96fda"
      "41d0774a3571dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1fff83fa401"
      "42209dff5eaad96db9e6386c",
      "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5"
      "d4a270f59746" },
    { "RFC 5903 8.3", "ecp521",
      "0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a095aa85a30fe1c2952c67"
      "71d937ba9777f5957b2639bab072462f68c27a57382d4a52",
      "0015417e84dbf28c0ad3c278713349dc7df153c897a1891bd98bab4357c9ecbee1e3bf42e00b8e380aea"
      "e57c2d107564941885942af5a7f4601723c4195d176ced3e017cae20b6641d2eeb695786d8c946146239"
      "d099e18e1d5a514c739d7cb4a10ad8a788015ac405d7799dc75e7b7d5b6cf2261a6a7f1507438bf01beb"
      "6ca3926f9582",
      "0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e9c677d600b343757a3bd"
      "bf2a3163e4c2f869cca7458aa4a4effc311f5cb151685eb9",
      "00d0b3975ac4b799f5bea16d5e13e9af971d5e9b984c9f39728b5e5739735a219b97c356436adc6e95bb"
      "0352f6be64a6c2912d4ef2d0433ced2b6171640012d9460f015c68226383956e3bd066e797b623c27ce0"
      "eac2f551a10c2c724d9852077b87220b6536c5c408a1d2aebb8e86d678ae49cb57091f4732296579ab44"
      "fcd17f0fc56a",
      "01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04d1427e73ca4baa240a34"
      "786859810c06b3c715a3a8cc3151f2bee417996d19f3ddea" },
    { "RFC 6954 A.1", "ecp256bp",
      "81db1ee100150ff2ea338d708271be38300cb54241d79950f77b063039804f1d",
      "44106e913f92bc02a1705d9953a8414db95e1aaa49e81d9e85f929a8e3100be58ab4846f11caccb73ce4"
      "9cbdd120f5a900a69fd32c272223f789ef10eb089bdc",
      "55e40bc41e37e3e2ad25c3c6654511ffa8474a91a0032087593852d3e7d76bd3",
      "8d2d688c6cf93e1160ad04cc4429117dc2c41825e1e9fca0addd34e6f1b39f7b990c57520812be512641"
      "e47034832106bc7d3e8dd0e4c7f1136d7006547cec6a",
      "89afc39d41d3b327814b80940b042590f96556ec91e6ae7939bce31f3a18bf2b" },
    { "RFC 6954 A.2", "ecp384bp",
      "1e20f5e048a5886f1f157c74e91bde2b98c8b52d58e5003d57053fc4b0bd65d6f15eb5d1ee1610df8707"
      "95143627d042",
      "68b665dd91c195800650cdd363c625f4e742e8134667b767b1b476793588f885ab698c852d4a6e77a252"
      "d6380fcaf06855bc91a39c9ec01dee36017b7d673a931236d2f1f5c83942d049e3fa20607493e0d038ff"
      "2fd30c2ab67d15c85f7faa59",
      "032640bc6003c59260f7250c3db58ce647f98e1260acce4acda3dd869f74e01f8ba5e0324309db6a9831"
      "497abac96670",
      "4d44326f269a597a5b58bba565da5556ed7fd9a8a9eb76c25f46db69d19dc8ce6ad18e404b15738b2086"
      "df37e71d1eb462d692136de56cbe93bf5fa3188ef58bc8a3a0ec6c1e151a21038a42e9185329b5b27590"
      "3d192f8d4e1f32fe9cc78c48",
      "0bd9d3a7ea0b3d519d09d8e48d0785fb744a6b355e6304bc51c229fbbce239bbadf6403715c35d4fb2a5"
      "444f575d4f42" },
    { "RFC 6954 A.3", "ecp512bp",
      "16302ff0dbbb5a8d733dab7141c1b45acbc8715939677f6a56850a38bd87bd59b09e80279609ff333eb9"
      "d4c061231fb26f92eeb04982a5f1d1764cad57665422",
      "0a420517e406aac0acdce90fcd71487718d3b953efd7fbec5f7f27e28c6149999397e91e029e06457db2"
      "d3e640668b392c2a7e737a7f0bf04436d11640fd09fd72e6882e8db28aad36237cd25d580db23783961c"
      "8dc52dfa2ec138ad472a0fcef3887cf62b623b2a87de5c588301ea3e5fc269b373b60724f5e82a6ad147"
      "fde7",
      "230e18e1bcc88a362fa54e4ea3902009292f7f8033624fd471b5d8ace49d12cfabbc19963dab8e2f1eba"
      "00bffb29e4d72d13f2224562f405cb80503666b25429",
      "9d45f66de5d67e2e6db6e93a59ce0bb48106097ff78a081de781cdb31fce8ccbaaea8dd4320c4119f1e9"
      "cd437a2eab3731fa9668ab268d871deda55a5473199f2fdc313095bcdd5fb3a91636f07a959c8e86b563"
      "6a1e930e8396049cb481961d365cc11453a06c719835475b12cb52fc3c383bce35e27ef194512b718762"
      "85fa",
      "a7927098655f1f9976fa50a9d566865dc530331846381c87256baf3226244b76d36403c024d7bbf0aa08"
      "03eaff405d3d24f11a9b5c0bef679fe1454b21c4cd1f" },
    { "RFC 7748 6.1", "curve25519",
      "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
      "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
      "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
      "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
      "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
    { "RFC 8031 A", "curve25519",
      "751fb4308655b476b6789b7325f9ea8cddd16a58533ff6d9e60009464a5f9d94",
      "48d5ddd4061257ba166fa3f9bbdb74f1a4e81c089384fa77f790709f0dfbc766", "",
      "0be7c1f5aad87d7e448662673298a443478b859745179eaf564c79c0ef6eee25",
      "c74950607a12327f3204d94b6825bfb068b7f8319a9e3708ed3d43ce8130c950" },
    { "RFC 7748 6.2", "curve448",
      "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a94197448973910063"
      "82a6f127ab1d9ac2d8c0a598726b",
      "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b"
      "12da88120d53177f80e532c41fa0",
      "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d6927c120bb5ee8972b0d3e21374c"
      "9c921b09d1b0366f10b65173992d",
      "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972fc3e34fb4232a13ca706"
      "dcb57aec3dae07bdc1c67bf33609",
      "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56fd2464c335543936521c"
      "24403085d59a449a5037514a879d" },
};

/* By their SHA2-256, as the values themselves are long. */
static const struct
{
    const char *group, *private_a, *private_b;
    const char *public_a, *public_b, *secret;
} modp[] = {
    { "modp1024", "0d0b0bc6a412c6c1bd5dc07858d7e1a5d274f0f03928b5080df7573bb1f03ee1",
      "6678a0423c29196c9959ce82c13b2e3fc742cd773985d8d8d5a4d6baaec175d2",
      "d7c9737033eef137890060c538a5b8a16ae73cf8c174bfd7392c3ce80c625678",
      "d2bd5a4d70970fcd68622d654c75420a44fc0b3a09ad71822beaf5c34ade2f33",
      "42f7d3b32ab6089fbdbddd732d5c55a166b3e4a533ae70607d22d9d885492324" },
    { "modp1536", "9d25cdaa295e0a072444ae1597fc6c40d2aace12cfb612184630fc0d555eaa26",
      "3b6dba4f4f1c29bdd68b258af7832cefa05bd8559f6bfa23633cd0f596ce9ce8",
      "2e47a18e8f47228841e46980a4860d07b69b52093bcf8242d7394441de086da9",
      "2b0a2a26553e0932ac8f8325a9bae849c799cb8dd2db6e3ce965e284540ed1f9",
      "e0f77d0385d2b671daf05cabffefb63531436884efdf06de7169317ad9262147" },
    { "modp2048", "1d4d77a7848db7fdc7ca5e8fd1e84569e8063adcc119395af85efd07f3b12c88",
      "29e81f3d2cb123bac63c6cbb5e0414f837d051d223afe67aca29a3ef1e51a126",
      "5308b56a07f03cc3596fa2381f45ad49cd9f2472f8f22dc565740130bf890013",
      "b25a407eb70d94ca55471c740313645c072cd0fd571515e3b7930ea3b23c5f91",
      "9022af9d53cc24a484f3263b0b7a9c8bad0c5272bf766ff8343aeee8f1f565de" },
    { "modp3072", "93aaea6161ea0ea29e0691e985aa4940bb06b43fec4801aa26ee4d39e095217f",
      "1f8caa7e43be3ea06c86f7217451253f3935c6f440331fcaee9cad1e73a679cc",
      "9c713501a85c97e6df666e52728de2f8c07aeb84c89534ab9f6120338d26a6cc",
      "6f9c9811b269861de22140bfe06cec96071ccf71190f8e67d6d59310248f9e2a",
      "9e4f070d9461ed9c76d37dc3ec1c46a7f52895bc19c082557e0f4dd9533df05c" },
    { "modp4096", "a6eb4153175cf21c31d91c5bc9539caa36f4990db2f9d90c0e518c52f01b849d",
      "d7a05aab35610b4132722c372d49307fddce2d63ff9be68a4d85693ebc987b76",
      "8ad4e8d8366c149686c8e895568911e8b456df04361c7b4e3b71b78067e64104",
      "cb215742a5f4d566891c5565296d69e09b4894c75e8ddde8d486d5f31b74c0e5",
      "76210e36223615f86f394c9b5c42b70e5b27c1d529e82142384bac2d577c4701" },
    { "modp6144", "c3e0dc290495e630300835251a19ee2d64c2d30a275a2fc5ef07992d31c97ce3",
      "08b18d1d91d382b519165e875e3dab032d2654e10fa13c89937c75c9484461a1",
      "84d9dbc61ebe89ad5c9ff3701ec288bcc29f3a26e6ce9d944027a3b4aa47bd5d",
      "66ea2ad97bc10bcc7227f308d4e95ee1c115c7e98cde5747afa7d2f1f9d476f7",
      "ec2fcdb32fca2c4fbba16697bbe4e7cd465789a504ba3f25ec1b71b433a5fe5f" },
    { "modp8192", "585d07d8e67f7168592bcffab3857e2c4965a69acecf72b5d576fa6fda4a5ce5",
      "fadda733cf64d9adc538c141d5e4df42027813aa6809e03438d85af45f14a187",
      "2eac0c0d909fbab33ca6506c25f252270f9c92391a8768bd7d27f3271bc51011",
      "f0d38a7df6a0a1302ce4d542bebfe901bb3a3785970ea022d0a38d9a10a4862d",
      "377b42a90ae27d22f48377eea998f7c19c1e30b72f7d46657798d1b966d6b9df" },
};

static KeyExchange *
make (const char *group, const char *private_key)
{
    g_autoptr (GBytes) octets = hex_decode (private_key);
    g_autoptr (GError) error = NULL;
    KeyExchange *exchange = key_exchange_new_from_private (
        algorithm_find_name (TRANSFORM_KEY_EXCHANGE, group), byte_view_of_bytes (octets), &error);
    g_assert_no_error (error);
    return exchange;
}

static void
assert_derives (const char *group, const char *private_key, const char *own, const char *peer,
                const char *secret)
{
    g_autoptr (KeyExchange) exchange = make (group, private_key);
    hex_assert_equal (key_exchange_get_public (exchange), own);
    g_autoptr (GBytes) value = hex_decode (peer);
    g_autoptr (GError) error = NULL;
    g_autoptr (SecretBytes) derived =
        key_exchange_derive (exchange, byte_view_of_bytes (value), &error);
    g_assert_no_error (error);
    hex_assert_equal (secret_bytes_view (derived), secret);
}

static void
curves_give_the_published_secrets (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (exchanges); i++)
    {
        g_test_message ("%s %s", exchanges[i].source, exchanges[i].group);
        assert_derives (exchanges[i].group, exchanges[i].private_a, exchanges[i].public_a,
                        exchanges[i].public_b, exchanges[i].secret);
        if (exchanges[i].private_b[0] != '\0')
            assert_derives (exchanges[i].group, exchanges[i].private_b, exchanges[i].public_b,
                            exchanges[i].public_a, exchanges[i].secret);
    }
}

static void
assert_digest (ByteView octets, const char *expected)
{
    g_autoptr (GBytes) digest = digest_compute ("SHA2-256", &octets, 1, NULL);
    hex_assert_equal (byte_view_of_bytes (digest), expected);
}

static void
modp_gives_the_computed_secrets (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (modp); i++)
    {
        g_test_message ("%s", modp[i].group);
        g_autoptr (KeyExchange) a = make (modp[i].group, modp[i].private_a);
        g_autoptr (KeyExchange) b = make (modp[i].group, modp[i].private_b);
        assert_digest (key_exchange_get_public (a), modp[i].public_a);
        assert_digest (key_exchange_get_public (b), modp[i].public_b);
        g_autoptr (SecretBytes) first = key_exchange_derive (a, key_exchange_get_public (b), NULL);
        g_autoptr (SecretBytes) second = key_exchange_derive (b, key_exchange_get_public (a), NULL);
        assert_digest (secret_bytes_view (first), modp[i].secret);
        assert_digest (secret_bytes_view (second), modp[i].secret);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/group/curves", curves_give_the_published_secrets);
    g_test_add_func ("/group/modp", modp_gives_the_computed_secrets);
    return g_test_run ();
}
