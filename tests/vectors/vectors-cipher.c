/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Ciphers against published packets. Each row was also computed apart from Outrider when it was written down. RFC
 * 3602 and 3686 publish ciphertexts without integrity: their ICVs (header 00004321 00000001) come from that
 * computation alone.
 */

#include "crypto/cipher-internal.h"
#include "crypto/cipher.h"
#include "support/hex.h"

/* The key ends with the salt; sealed is ciphertext and ICV. */
static const struct
{
    const char *source, *encryption, *integrity;
    const char *key, *integrity_key, *header, *tail, *iv, *plain, *sealed;
} packets[] = {
    {
        .source = "draft-mcgrew-gcm-test-01 1",
        .encryption = "aes128gcm16",
        .key = "4c80cdefbb5d10da906ac73c3613a6342e443b68",
        .header = "000043218765432100000000",
        .iv = "4956ed7e3b244cfe",
        .plain =
            "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f73697004"
            "5f756470037369700963796265726369747902646b000021000101020201",
        .sealed =
            "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf6592"
            "5bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796"
            "562dfdb4",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 2",
        .encryption = "aes128gcm16",
        .key = "feffe9928665731c6d6a8f9467308308cafebabe",
        .header = "0000a5f80000000a",
        .iv = "facedbaddecaf888",
        .plain =
            "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d0010000010000000000000373"
            "69700963796265726369747902646b00000100010001",
        .sealed =
            "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f5133"
            "0d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 3",
        .encryption = "aes256gcm16",
        .key = "abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",
        .header = "4a2cbfe300000002",
        .iv = "0102030405060708",
        .plain =
            "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf00000204"
            "05b40101040201020201",
        .sealed =
            "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f05"
            "45659f14e99def842d8eb335f4eecfdbf831824b4c4915956c96",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 4",
        .encryption = "aes128gcm16",
        .key = "0000000000000000000000000000000000000000",
        .header = "0000000000000001",
        .iv = "0000000000000000",
        .plain =
            "4500003c99c500008001cb7a40679318010101010800075c020044006162636465666768696a6b6c6d6e"
            "6f707172737475767761626364656667686901020201",
        .sealed =
            "4688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdfff5e9a284456476492719ffb64de7"
            "d9dca1e1d894bc3bd57873ed4d181d19d4d5c8c18af3f821d496eeb096e98ad2b69e4799c71d",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 5",
        .encryption = "aes128gcm16",
        .key = "3de09874b388e6491988d0c3607eae1f57690e43",
        .header = "42f67e3f1010101010101010",
        .iv = "4e280000a2fca1a3",
        .plain =
            "4500003c99c300008001cb7c40679318010101010800085c020043006162636465666768696a6b6c6d6e"
            "6f707172737475767761626364656667686901020201",
        .sealed =
            "fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c35791765acbd8701ad79845bf9"
            "fe3fba487bc91755e6662b4c8d0d1f5e22739530320ae0d731cc978ecafaeae88f00e80d6e48",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 6",
        .encryption = "aes128gcm16",
        .key = "3de09874b388e6491988d0c3607eae1f57690e43",
        .header = "42f67e3f1010101010101010",
        .iv = "4e280000a2fca1a3",
        .plain = "4500001c42a200008001441f406793b6e00000020a00f5ff01020201",
        .sealed =
            "fba2ca845e5df9f0f22c3e6e86dd831e1fc65792cd1af9130e1379ed369f071f35e034be95f112e4e7d0"
            "5d35",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 7",
        .encryption = "aes192gcm16",
        .key = "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
        .header = "0000a5f80000000a",
        .iv = "facedbaddecaf888",
        .plain = "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
        .sealed =
            "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc779545"
            "7b9652037f5318027b5b4cd7a636",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 8",
        .encryption = "aes128gcm16",
        .key = "abbccddef00112233445566778899aabdecaf888",
        .header = "000001000000000000000001",
        .iv = "cafedebaceface74",
        .plain =
            "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b"
            "81dc91baa0476b91b924b280389d92c963bac046ec959b6266c04722b14923010101",
        .sealed =
            "18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e6"
            "5863965d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68651f57e65f354f75"
            "ff17015769623436",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 9",
        .encryption = "aes256gcm16",
        .key = "abbccddef00112233445566778899aababbccddef00112233445566778899aab73616c74",
        .header = "17405e67156f3126dd0db99b",
        .iv = "616e640169766563",
        .plain = "45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb71260250101f646d540001",
        .sealed =
            "f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e4516"
            "26c2415771e3b7eebca614c89b35",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 10",
        .encryption = "aes128gcm16",
        .key = "3de09874b388e6491988d0c3607eae1f57690e43",
        .header = "42f67e3f1010101010101010",
        .iv = "4e280000a2fca1a3",
        .plain =
            "45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb458003025b000001e0001e8c18d657"
            "59d52284a0352c71475c8880391c764d6e5ee0496b325ae270c03899493915010101",
        .sealed =
            "fba2cad12fc1f9f00d3cebf305410db83d7784b607323d220f24b0a97d54182800cadb0f68d99ef0e0c0"
            "c89ae9bea8884e52d65bc1afd0740f742444747b5b39ab533163aad4550ee5160975cdb608c576918960"
            "9763b8e18caa81e2",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 11",
        .encryption = "aes256gcm16",
        .key = "abbccddef00112233445566778899aababbccddef00112233445566778899aab73616c74",
        .header = "17405e67156f3126dd0db99b",
        .iv = "616e640169766563",
        .plain =
            "636973636f0172756c657301746865016e6574776501646566696e6501746865746563686e6f6c6f6769"
            "6573017468617477696c6c01646566696e65746f6d6f72726f7701020201",
        .sealed =
            "d4b7ed86a1777f2ea13d6973d324c69e7b43f826fb56831226508bebd2dceb18d0a6df10e5487df07411"
            "3e14c641024e3e6773d91a62ee429b043a10e3efe6b012a49363412364f8c0cac587f249e56b11e24f30"
            "e44ccc76",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 12",
        .encryption = "aes128gcm16",
        .key = "7d773d00c144c525ac619d18c84a3f47d9664267",
        .header = "335467aeffffffff",
        .iv = "43457e9182443bc6",
        .plain = "01020201",
        .sealed = "437f866bcb3f699fe9b0822bac961c4504bef270",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 13",
        .encryption = "aes128gcm16",
        .key = "abbccddef00112233445566778899aabdecaf888",
        .header = "000001000000000000000001",
        .iv = "cafedebaceface74",
        .plain = "746f016265016f72016e6f7401746f0162650001",
        .sealed = "29c9fc69a197d038ccdd14e2ddfcaa0543332164412503524303ed3c6c5f283843af8c3e",
    },
    {
        .source = "draft-mcgrew-gcm-test-01 14",
        .encryption = "aes256gcm16",
        .key = "6c6567616c697a656d6172696a75616e61616e64646f69746265666f726569617475726e",
        .header = "796b6963ffffffffffffffff",
        .iv = "333021696765746d",
        .plain =
            "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e"
            "6f707172737401020201",
        .sealed =
            "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42"
            "458fb57dbe821dcc63b9d0937ba2945f669368661a329fb4c053",
    },
    {
        .source = "the same, ICV of 12 octets",
        .encryption = "aes256gcm12",
        .key = "abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",
        .header = "4a2cbfe300000002",
        .iv = "0102030405060708",
        .plain =
            "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf00000204"
            "05b40101040201020201",
        .sealed =
            "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f05"
            "45659f14e99def842d8eb335f4eecfdbf831824b4c49",
    },
    {
        .source = "the same, ICV of 8 octets",
        .encryption = "aes256gcm8",
        .key = "abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",
        .header = "4a2cbfe300000002",
        .iv = "0102030405060708",
        .plain =
            "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf00000204"
            "05b40101040201020201",
        .sealed =
            "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f05"
            "45659f14e99def842d8eb335f4eecfdbf831",
    },
    {
        .source = "RFC 7634 A",
        .encryption = "chacha20poly1305",
        .key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3",
        .header = "0102030400000005",
        .iv = "1011121314151617",
        .plain =
            "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d"
            "0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
            "01020204",
        .sealed =
            "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa"
            "95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b828"
            "29f641e076aaa8266b7fb0f7b11b369907e1ad43",
    },
    {
        .source = "RFC 7634 B",
        .encryption = "chacha20poly1305",
        .key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3",
        .header = "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029",
        .iv = "1011121314151617",
        .plain = "0000000c000040010000000a00",
        .sealed = "610394701f8d017f7c129248896b71bfe25236efd7cdc67066906315b2",
    },
    {
        .source = "NIST CAVP CCM (testmgr.h)",
        .encryption = "aes128ccm16",
        .key = "83ac5466c2ebe5052e01d1fc5d82662e96ac59",
        .iv = "3007a1e2a2c75524",
        .plain = "19c881f6e986ff930b7867e5bbb7fc6e8377b3a60c8c9f9c352eade062f991a1",
        .sealed =
            "ab6fe1691d1999a892a0c46f7ee28bb170bb8ca64c6e978a572bbe5d98a6b132da24ead9a13998fda4be"
            "d9f21a6d22a8",
    },
    {
        .source = "computed apart",
        .encryption = "aes128ccm8",
        .key = "000102030405060708090a0b0c0d0e0fa0a1a2",
        .header = "0000432100000001",
        .iv = "1011121314151617",
        .plain =
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
            "2a2b2c2d2e2f303132333435363738393a3b01020204",
        .sealed =
            "ceab787ee4f90cb7fec6c234d6e0fa366d5d9f2d3d620574b440ceaa50f7896ee22040ff5876a496a619"
            "377c5fc150af0202a30992ba2ffb5322cf8f089d3ddb1959419403ee9513",
    },
    {
        .source = "computed apart",
        .encryption = "aes128ccm12",
        .key = "000102030405060708090a0b0c0d0e0fa0a1a2",
        .header = "0000432100000001",
        .iv = "1011121314151617",
        .plain =
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
            "2a2b2c2d2e2f303132333435363738393a3b01020204",
        .sealed =
            "ceab787ee4f90cb7fec6c234d6e0fa366d5d9f2d3d620574b440ceaa50f7896ee22040ff5876a496a619"
            "377c5fc150af0202a30992ba2ffb5322cf8f089d3ddb3f2c0e1941159f4f3044e2f9",
    },
    {
        .source = "computed apart",
        .encryption = "aes128ccm16",
        .key = "000102030405060708090a0b0c0d0e0fa0a1a2",
        .header = "0000432100000001",
        .iv = "1011121314151617",
        .plain =
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
            "2a2b2c2d2e2f303132333435363738393a3b01020204",
        .sealed =
            "ceab787ee4f90cb7fec6c234d6e0fa366d5d9f2d3d620574b440ceaa50f7896ee22040ff5876a496a619"
            "377c5fc150af0202a30992ba2ffb5322cf8f089d3ddb6190450e240d409659d4d484b9a4e9ac",
    },
    {
        .source = "computed apart",
        .encryption = "aes192ccm8",
        .key = "000102030405060708090a0b0c0d0e0f1011121314151617a0a1a2",
        .header = "0000432100000001",
        .iv = "1011121314151617",
        .plain =
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
            "2a2b2c2d2e2f303132333435363738393a3b01020204",
        .sealed =
            "58e448cda8ffc60052c7225df788b6696baf864376ef3a4f41d8993c60d77ea6119ec00f9198b5af83c6"
            "857c5e79dc857d8cc03c75719838f43a6d66d819441f90e31e843062cc91",
    },
    {
        .source = "computed apart",
        .encryption = "aes192ccm12",
        .key = "000102030405060708090a0b0c0d0e0f1011121314151617a0a1a2",
        .header = "0000432100000001",
        .iv = "1011121314151617",
        .plain =
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
            "2a2b2c2d2e2f303132333435363738393a3b01020204",
        .sealed =
            "58e448cda8ffc60052c7225df788b6696baf864376ef3a4f41d8993c60d77ea6119ec00f9198b5af83c6"
            "857c5e79dc857d8cc03c75719838f43a6d66d819441fe9a99a7bbc08b3df96fe6205",
    },
    {
        .source = "computed apart",
        .encryption = "aes192ccm16",
        .key = "000102030405060708090a0b0c0d0e0f1011121314151617a0a1a2",
        .header = "0000432100000001",
        .iv = "1011121314151617",
        .plain =
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
            "2a2b2c2d2e2f303132333435363738393a3b01020204",
        .sealed =
            "58e448cda8ffc60052c7225df788b6696baf864376ef3a4f41d8993c60d77ea6119ec00f9198b5af83c6"
            "857c5e79dc857d8cc03c75719838f43a6d66d819441facfd30480f5c4b75fafa65804bc0b4cf",
    },
    {
        .source = "computed apart",
        .encryption = "aes256ccm8",
        .key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2",
        .header = "0000432100000001",
        .iv = "1011121314151617",
        .plain =
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
            "2a2b2c2d2e2f303132333435363738393a3b01020204",
        .sealed =
            "10fd9ab0cf271d71675dcdfe5de957c1644a8a5f20388051584fe3246745a4e6e1859289e57313b117fe"
            "0b03a442804de6612baa973f99bd25789525571044fcd3adf9e79d08368f",
    },
    {
        .source = "computed apart",
        .encryption = "aes256ccm12",
        .key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2",
        .header = "0000432100000001",
        .iv = "1011121314151617",
        .plain =
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
            "2a2b2c2d2e2f303132333435363738393a3b01020204",
        .sealed =
            "10fd9ab0cf271d71675dcdfe5de957c1644a8a5f20388051584fe3246745a4e6e1859289e57313b117fe"
            "0b03a442804de6612baa973f99bd25789525571044fc2e986c7556c22a4252f89562",
    },
    {
        .source = "computed apart",
        .encryption = "aes256ccm16",
        .key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2",
        .header = "0000432100000001",
        .iv = "1011121314151617",
        .plain =
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
            "2a2b2c2d2e2f303132333435363738393a3b01020204",
        .sealed =
            "10fd9ab0cf271d71675dcdfe5de957c1644a8a5f20388051584fe3246745a4e6e1859289e57313b117fe"
            "0b03a442804de6612baa973f99bd25789525571044fc0bf62dd0c18510a454339b2221a857ba",
    },
    {
        .source = "RFC 3602 4 case 1",
        .encryption = "aes128",
        .integrity = "sha256",
        .key = "06a9214036b8a15b512e03d534120006",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .iv = "3dafba429d9eb430b422da802c9fac41",
        .plain = "53696e676c6520626c6f636b206d7367",
        .sealed = "e353779c1079aeb82708942dbe77181a6c42ad87cdb18d317d9e4ddd292634dc",
    },
    {
        .source = "RFC 3602 4 case 2",
        .encryption = "aes128",
        .integrity = "aesxcbc",
        .key = "c286696d887c9aa0611bbb3e2025a45a",
        .integrity_key = "404142434445464748494a4b4c4d4e4f",
        .header = "0000432100000001",
        .iv = "562e17996d093d28ddb3ba695a2e6f58",
        .plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        .sealed =
            "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1f4b51b41f9b7d3be5775"
            "290f",
    },
    {
        .source = "RFC 3602 4 case 3",
        .encryption = "aes128",
        .integrity = "sha512",
        .key = "6c3ea0477630ce21a2ce334aa746c2cd",
        .integrity_key =
            "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60616263646566676869"
            "6a6b6c6d6e6f707172737475767778797a7b7c7d7e7f",
        .header = "0000432100000001",
        .tail = "00000001",
        .iv = "c782dc4c098c66cbd9cd27d825682c81",
        .plain =
            "5468697320697320612034382d62797465206d657373616765202865786163746c792033204145532062"
            "6c6f636b7329",
        .sealed =
            "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579"
            "695d83ba2684c8041d16b941ad9285e4fdab7b328e08600aac869d9950c9fdc69b5ab7c25bf2",
    },
    {
        .source = "RFC 3602 4 case 4",
        .encryption = "aes128",
        .integrity = "sha384",
        .key = "56e47a38c5598974bc46903dba290349",
        .integrity_key =
            "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60616263646566676869"
            "6a6b6c6d6e6f",
        .header = "0000432100000001",
        .iv = "8ce82eefbea0da3c44699ed7db51b7d9",
        .plain =
            "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9"
            "cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
        .sealed =
            "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e35907aa632c3ffdf868b"
            "b7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55db8a2e53381949874dbfc35c8e2b766ce7a4f30d"
            "a062ea45",
    },
    {
        .source = "RFC 3602 4 case 5",
        .encryption = "aes128",
        .integrity = "aescmac",
        .key = "90d382b410eeba7ad938c46cec1a82bf",
        .integrity_key = "404142434445464748494a4b4c4d4e4f",
        .header = "0000432100000001",
        .tail = "00000002",
        .iv = "e96e8c08ab465763fd098d45dd3ff893",
        .plain =
            "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021"
            "22232425262728292a2b2c2d2e2f30313233343536370102030405060708090a0b0c0d0e0e01",
        .sealed =
            "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59"
            "ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a69f5e86b1"
            "336d72140370f8f2",
    },
    {
        .source = "SP 800-38A F.2.3",
        .encryption = "aes192",
        .integrity = "sha1",
        .key = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        .integrity_key = "404142434445464748494a4b4c4d4e4f50515253",
        .header = "0000432100000001",
        .iv = "000102030405060708090a0b0c0d0e0f",
        .plain =
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fb"
            "c1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        .sealed =
            "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a571b242012fb7ae07fa9"
            "baac3df102e008b0e27988598881d920a9e64f5615cdd56694e37dc2fd29162f0d6c",
    },
    {
        .source = "SP 800-38A F.2.5",
        .encryption = "aes256",
        .integrity = "sha1",
        .key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        .integrity_key = "404142434445464748494a4b4c4d4e4f50515253",
        .header = "0000432100000001",
        .iv = "000102030405060708090a0b0c0d0e0f",
        .plain =
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fb"
            "c1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        .sealed =
            "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530"
            "e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b002cce9dde195147df587de9",
    },
    {
        .source = "RFC 3686 6 case 1",
        .encryption = "aes128ctr",
        .integrity = "sha256",
        .key = "ae6852f8121067cc4bf7a5765577f39e00000030",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .iv = "0000000000000000",
        .plain = "53696e676c6520626c6f636b206d7367",
        .sealed = "e4095d4fb7a7b3792d6175a3261311b80ec8fbec0e4be7a84e4521212a4e3409",
    },
    {
        .source = "RFC 3686 6 case 2",
        .encryption = "aes128ctr",
        .integrity = "sha256",
        .key = "7e24067817fae0d743d6ce1f32539163006cb6db",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .tail = "00000003",
        .iv = "c0543b59da48d90b",
        .plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        .sealed =
            "5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28723bf6bf3b1b402f92fb"
            "e53dac750d1b",
    },
    {
        .source = "RFC 3686 6 case 3",
        .encryption = "aes128ctr",
        .integrity = "sha256",
        .key = "7691be035e5020a8ac6e618529f9a0dc00e0017b",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .iv = "27777f3f4a1786f0",
        .plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
        .sealed =
            "c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f51782c481e3c"
            "0dec0b081b91a6be204f",
    },
    {
        .source = "RFC 3686 6 case 4",
        .encryption = "aes192ctr",
        .integrity = "sha256",
        .key = "16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb7851500000048",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .tail = "00000003",
        .iv = "36733c147d6d93cb",
        .plain = "53696e676c6520626c6f636b206d7367",
        .sealed = "4b55384fe259c9c84e7935a003cbe9289b6d3ffbb033a717130c530e68219e45",
    },
    {
        .source = "RFC 3686 6 case 5",
        .encryption = "aes192ctr",
        .integrity = "sha256",
        .key = "7c5cb2401b3dc33c19e7340819e0f69c678c3db8e6f6a91a0096b03b",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .iv = "020c6eadc2cb500d",
        .plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        .sealed =
            "453243fc609b23327edfaafa7131cd9f8490701c5ad4a79cfc1fe0ff42f4fb0073a8afd403ea9ce8c4ca"
            "29d6993ae119",
    },
    {
        .source = "RFC 3686 6 case 6",
        .encryption = "aes192ctr",
        .integrity = "sha256",
        .key = "02bf391ee8ecb159b959617b0965279bf59b60a786d3e0fe0007bdfd",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .tail = "00000003",
        .iv = "5cbd60278dcc0912",
        .plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
        .sealed =
            "96893fc55e5c722f540b7dd1ddf7e758d288bc95c69165884536c811662f2188abee0935aa3bd137c528"
            "f56359132336f991f0e2",
    },
    {
        .source = "RFC 3686 6 case 7",
        .encryption = "aes256ctr",
        .integrity = "sha256",
        .key = "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c10400000060",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .iv = "db5672c97aa8f0b2",
        .plain = "53696e676c6520626c6f636b206d7367",
        .sealed = "145ad01dbf824ec7560863dc71e3e0c044cc3fae78a7acaedb97bff61e880441",
    },
    {
        .source = "RFC 3686 6 case 8",
        .encryption = "aes256ctr",
        .integrity = "sha256",
        .key = "f6d66d6bd52d59bb0796365879eff886c66dd51a5b6a99744b50590c87a2388400faac24",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .tail = "00000003",
        .iv = "c1585ef15a43d875",
        .plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        .sealed =
            "f05e231b3894612c49ee000b804eb2a9b8306b508f839d6a5530831d9344af1cd47fbcc536e965cc3ca9"
            "dd877da27183",
    },
    {
        .source = "RFC 3686 6 case 9",
        .encryption = "aes256ctr",
        .integrity = "sha256",
        .key = "ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d001cc5b7",
        .integrity_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        .header = "0000432100000001",
        .iv = "51a51d70a1c11148",
        .plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
        .sealed =
            "eb6c52821d0bbbf7ce7594462aca4faab407df866569fd07f48cc0b583d6071f1ec0e6b81bb1f09ea424"
            "919c58df8f2cebc5443f",
    },
    {
        .source = "computed apart",
        .encryption = "3des",
        .integrity = "sha1",
        .key = "0123456789abcdef23456789abcdef01456789abcdef0123",
        .integrity_key = "404142434445464748494a4b4c4d4e4f50515253",
        .header = "0000432100000001",
        .iv = "f69f2445df4f9b17",
        .plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
        .sealed =
            "2079c3d53aa763e193b79e2569ab5262516570481f25b50f73c0bda85c8e0da794ef83ffbd513fe08d15"
            "50aa",
    },
};

typedef struct
{
    GBytes *key, *integrity_key, *header, *tail, *plain, *sealed;
} Octets;

static Octets
octets_of (size_t i)
{
    g_autofree char *sealed = g_strconcat (packets[i].iv, packets[i].sealed, NULL);
    return (Octets){
        .key = hex_decode (packets[i].key),
        .integrity_key = hex_decode (packets[i].integrity_key),
        .header = hex_decode (packets[i].header),
        .tail = hex_decode (packets[i].tail),
        .plain = hex_decode (packets[i].plain),
        .sealed = hex_decode (sealed),
    };
}

static void
octets_clear (Octets *self)
{
    g_bytes_unref (self->key);
    g_bytes_unref (self->integrity_key);
    g_bytes_unref (self->header);
    g_bytes_unref (self->tail);
    g_bytes_unref (self->plain);
    g_bytes_unref (self->sealed);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Octets, octets_clear)

static Cipher *
make_cipher (size_t i, const Octets *octets, CipherDirection direction)
{
    const Algorithm *integrity =
        packets[i].integrity != NULL
            ? algorithm_find_name (TRANSFORM_INTEGRITY, packets[i].integrity)
            : NULL;
    g_autoptr (GError) error = NULL;
    Cipher *cipher = cipher_new (algorithm_find_name (TRANSFORM_ENCRYPTION, packets[i].encryption),
                                 integrity, byte_view_of_bytes (octets->key),
                                 byte_view_of_bytes (octets->integrity_key), direction, &error);
    g_assert_no_error (error);
    return cipher;
}

/* The header stands right before what is sealed, as in a packet. */
static GByteArray *
lay_out (const Octets *octets, size_t sealed_size)
{
    GByteArray *packet = g_byte_array_new ();
    ByteView header = byte_view_of_bytes (octets->header);
    g_byte_array_append (packet, header.data, (guint)header.size);
    g_byte_array_set_size (packet, (guint)(header.size + sealed_size));
    return packet;
}

static void
packets_are_sealed_as_published (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (packets); i++)
    {
        g_test_message ("%s %s", packets[i].source, packets[i].encryption);
        g_auto (Octets) octets = octets_of (i);
        g_autoptr (Cipher) cipher = make_cipher (i, &octets, CIPHER_SEAL);
        ByteView plain = byte_view_of_bytes (octets.plain);
        size_t header_size = g_bytes_get_size (octets.header);
        g_autoptr (GByteArray) packet =
            lay_out (&octets, plain.size + cipher_get_overhead (cipher));
        g_autoptr (GBytes) iv = hex_decode (packets[i].iv);
        cipher_preset_iv (cipher, byte_view_of_bytes (iv));
        g_assert_true (cipher_seal (cipher, byte_view (packet->data, header_size),
                                    byte_view_of_bytes (octets.tail), plain,
                                    packet->data + header_size));
        g_autofree char *expected = g_strconcat (packets[i].iv, packets[i].sealed, NULL);
        hex_assert_equal (byte_view (packet->data + header_size, packet->len - header_size),
                          expected);
    }
}

static void
published_packets_are_opened (void)
{
    for (size_t i = 0; i < G_N_ELEMENTS (packets); i++)
    {
        g_test_message ("%s %s", packets[i].source, packets[i].encryption);
        g_auto (Octets) octets = octets_of (i);
        g_autoptr (Cipher) cipher = make_cipher (i, &octets, CIPHER_OPEN);
        ByteView sealed = byte_view_of_bytes (octets.sealed);
        size_t header_size = g_bytes_get_size (octets.header);
        size_t plain_size = sealed.size - cipher_get_overhead (cipher);
        g_autoptr (GByteArray) packet = lay_out (&octets, sealed.size);
        uint8_t *at = packet->data + header_size;
        memcpy (at, sealed.data, sealed.size);
        g_assert_true (cipher_open (cipher, byte_view (packet->data, header_size),
                                    byte_view_of_bytes (octets.tail), byte_view (at, sealed.size),
                                    at + cipher_get_iv_size (cipher)));
        hex_assert_equal (byte_view (at + cipher_get_iv_size (cipher), plain_size),
                          packets[i].plain);
    }
}

int
main (int argc, char **argv)
{
    g_test_init (&argc, &argv, NULL);
    g_test_add_func ("/cipher/seal", packets_are_sealed_as_published);
    g_test_add_func ("/cipher/open", published_packets_are_opened);
    return g_test_run ();
}
