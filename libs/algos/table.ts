import type { UnknownRecord } from '../primitives/unknown.ts';
import {
  noParams,
  type ParamsFor,
  scryptJaneParams,
  scryptNParams,
  scryptParams,
} from './params.ts';

// One entry an algorithm. The vectors are real headers (genesis blocks of the coins that made the algorithm known,
// where there is one): an algorithm whose code does not give these hashes is never used.

export interface Vector {
  /** 80 bytes, hex. */
  readonly header: string;
  /** As a block explorer shows it: the reverse of the wire order. */
  readonly hash: string;
  /** What the native function gets for this header. */
  readonly params?: readonly number[];
}

export interface AlgorithmEntry {
  readonly name: string;
  /** Share difficulty = diff1 / hash × multiplier: fixed by what the algorithm's miners expect. */
  readonly multiplier: number;
  /** SHA-256 of the coinbase for the merkle root: twice, or once unless the coin says `normalHashing`. */
  readonly coinbase: 'twice' | 'onceUnlessNormal';
  /** The block's name on its chain: SHA-256d of the header, or the proof-of-work hash. */
  readonly block: 'header' | 'headerUnlessPos' | 'pow';
  /** True: it must not run on a pool worker's main thread. */
  readonly slow: boolean;
  /** The addon's function. */
  readonly native: string;
  /** Headers that the function hashes side by side in hardly more time than one. */
  readonly widest?: number;
  /** From the coin file's parameters (and now, in Unix seconds) to the function's, which a header may decide. */
  readonly params: (params: UnknownRecord, now: number) => ParamsFor;
  readonly vectors: readonly [Vector, ...Vector[]];
}

export const table: readonly AlgorithmEntry[] = [
  {
    name: 'sha256',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'sha256',
    params: noParams,
    vectors: [
      {
        header:
          '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
        hash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
      },
    ],
  },
  {
    name: 'scrypt',
    multiplier: 2 ** 16,
    coinbase: 'twice',
    block: 'headerUnlessPos',
    slow: true,
    native: 'scrypt',
    widest: 8,
    params: scryptParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000d9ced4ed1130f7b7faad9be25323ffafa33232a17c3edf6cfd97bee6bafbdd97b9aa8e4ef0ff0f1ecd513f7c',
        hash: '0000050c34a64b415b6b15b37f2216634b5b1669cb9a2e38d76f7213b0671e00',
        params: [1024, 1],
      },
    ],
  },
  {
    name: 'scrypt-og',
    multiplier: 2 ** 16,
    coinbase: 'twice',
    block: 'headerUnlessPos',
    slow: false,
    native: 'scrypt',
    widest: 8,
    params: () => () => [64, 1],
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000d9ced4ed1130f7b7faad9be25323ffafa33232a17c3edf6cfd97bee6bafbdd97b9aa8e4ef0ff0f1ecd513f7c',
        hash: '4f51bc0f35c4a2037081d5c6c55d0e0dcd7da63eff49397eea850ea0ab1a70a5',
        params: [64, 1],
      },
    ],
  },
  {
    name: 'scrypt-jane',
    multiplier: 2 ** 16,
    coinbase: 'twice',
    block: 'headerUnlessPos',
    slow: true,
    native: 'scryptJane',
    params: scryptJaneParams,
    vectors: [
      {
        header:
          '0100000000000000000000000000000000000000000000000000000000000000000000004f24f24c9df325e9dd69ccb721806db2f7d7579dfad391a57666f09f41768b67b4e38951ffff0f1e7df10100',
        hash: '0000060fc90618113cde415ead019a1052a9abc43afcccff38608ff8751353e5',
        params: [4],
      },
    ],
  },
  {
    name: 'scrypt-n',
    multiplier: 2 ** 16,
    coinbase: 'twice',
    block: 'headerUnlessPos',
    slow: true,
    native: 'scrypt',
    widest: 8,
    params: scryptNParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000e72301fc49323ee151cf1048230f032ca589753ba7086222a5c023e3a08cf34a8b35cf52f0ff0f1e0eba5700',
        hash: '000005cc425e3c06dd1416866440a70dc9eb4710b2e9c71653c8e197493cbbb9',
        params: [2048, 1],
      },
    ],
  },
  {
    name: 'sha1',
    multiplier: 1,
    coinbase: 'twice',
    block: 'header',
    slow: false,
    native: 'sha1',
    params: noParams,
    vectors: [
      {
        header:
          '0100000000000000000000000000000000000000000000000000000000000000000000003751e19c06e1d1dbb90d70fcfb36dbc09463cd174b27aaa83004d59651d41c39137dbf52f0ff0f1edcf11000',
        hash: '00000170659fa80e0482f19bf8e24ab08547a2fd000000000000000000000000',
      },
    ],
  },
  {
    name: 'c11',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'c11',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000887c5c20f3075215e164877a6de732695a13c0f8ec0fcf6296fa942487f96efa0ce9da52ffff0f1e43cc217d',
        hash: '00000f639db5734b2b861ef8dbccc33aebd7de44d13de000a12d093bcc866c64',
      },
    ],
  },
  {
    name: 'x11',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'x11',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000c762a6567f3cc092f0684bb62b7e00a84890b990f07cc71a6bb58d64b98e02e0022ddb52f0ff0f1ec23fb901',
        hash: '00000ffd590b1485b3caadc19b22e6379c733355108f107a430458cdf3407ab6',
      },
    ],
  },
  {
    name: 'x13',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'x13',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000e3887f646e95dfee5824ccf4c40445004e24490ef7140985c23a3489a729a4d8a1a84653f0ff0f1eb162eb01',
        hash: '00000790feb043ffdc20d62c9b21b39f0900afcff8a7d21c00058ef7c7c16fcd',
      },
    ],
  },
  {
    name: 'x15',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'x15',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000d35341c4d43784f2453a68954b20f6f63ec4978e1b92886845dfddd34cd519354820b454ffff0f1e365a0300',
        hash: '00000c98be708f9ff86319738d4ce8778f1db7ce140d2d665cca9281eef433bd',
      },
    ],
  },
  // The previous hash chooses the rounds: the second header takes all of them but Hamsi, Fugue, Shabal and Whirlpool.
  {
    name: 'x16r',
    multiplier: 2 ** 8,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'x16r',
    params: noParams,
    vectors: [
      {
        header:
          '04000000000000000000000000000000000000000000000000000000000000000000000016355fae8b6a26f2fa708d39997654c44b501f308d802325359a7367a800ff28c60e4d5affff001ee0d47d01',
        hash: '0000006b444bc2f2ffe627be9d9e7e7a0730000870ef6eb6da46c8eae389df90',
      },
      {
        header:
          '04000000a509af89674523010f000000000000000000000000000000000000000000000016355fae8b6a26f2fa708d39997654c44b501f308d802325359a7367a800ff28c60e4d5affff001e07000000',
        hash: '6907a672000931c4cf450f287aa7be4d4ae6eef68527eb4a2d34dda1e11baf85',
      },
    ],
  },
  {
    name: 'x16rv2',
    multiplier: 2 ** 8,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'x16rv2',
    params: noParams,
    vectors: [
      {
        header:
          '04000000000000000000000000000000000000000000000000000000000000000000000016355fae8b6a26f2fa708d39997654c44b501f308d802325359a7367a800ff28c60e4d5affff001ee0d47d01',
        hash: '0000006b444bc2f2ffe627be9d9e7e7a0730000870ef6eb6da46c8eae389df90',
      },
    ],
  },
  {
    name: 'nist5',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'nist5',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000d122dfd3991718af99d85f63f2011b3e43d91587cb719d5e15b82ca85a4f1998f0981453f0ff0f1ee6590300',
        hash: '00000578c9c073fc55fce4da9fa03339aacfb5f4f274e4c4f6c0f1d99174a860',
      },
    ],
  },
  {
    name: 'quark',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'quark',
    params: noParams,
    vectors: [
      {
        header:
          '0100000000000000000000000000000000000000000000000000000000000000000000009bc36d2ba74b96d57bf98bebdf25d1dc2977ae7773273a1014e98bf2e2f62e1bbb2eac56f0ff0f1edfa62400',
        hash: '0000041e482b9b9691d98eefb48473405c0b8ec31b76df3797c74a78680ef818',
      },
    ],
  },
  {
    name: 'keccak',
    multiplier: 2 ** 8,
    coinbase: 'onceUnlessNormal',
    block: 'pow',
    slow: false,
    native: 'keccak',
    params: noParams,
    vectors: [
      {
        header:
          '700000000000000000000000000000000000000000000000000000000000000000000000f36ae45560247c5c7fe195e47128af943405cc987ddc18c388a473c2463bccf87843e652ffff001e3936b000',
        hash: '0000002d0f86558a6e737a3a351043ee73906fe077692dfaa3c9328aaca21964',
      },
    ],
  },
  {
    name: 'blake',
    multiplier: 2 ** 8,
    coinbase: 'twice',
    block: 'header',
    slow: false,
    native: 'blake',
    params: noParams,
    vectors: [
      {
        header:
          '700000000000000000000000000000000000000000000000000000000000000000000000dc6d20f87fecae461784d8f417ac10ed061d7657eebadbc323c791bbd554469e11f35052ffff001effbd9207',
        hash: '000000ba5cae4648b1a2b823f84cc3424e5d96d7234b39c6bb42800b2c7639be',
      },
    ],
  },
  {
    name: 'neoscrypt',
    multiplier: 2 ** 5,
    coinbase: 'twice',
    block: 'header',
    slow: true,
    native: 'neoscrypt',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000219f39f283f43185a0ef69cba1702151ab0cf02454a57e1039dabcc19d719adc00b60d5af0ff0f1e6fe61800',
        hash: '0000033b01055cf8df90b01a14734cae92f7039b9b0e48887b4e33a469d7bc07',
      },
    ],
  },
  {
    name: 'skein',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'skein',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000a349b15631cf0375632edcf49348683984b29cd630be153d590749bce385b3a4cbb07352ffff0f1e4a11d07c',
        hash: '0000046cebed69de151ada93a60cb8a5f9490a196399abe714bb83ad5b20f985',
      },
    ],
  },
  {
    name: 'groestl',
    multiplier: 2 ** 8,
    coinbase: 'onceUnlessNormal',
    block: 'pow',
    slow: false,
    native: 'groestl',
    params: noParams,
    vectors: [
      {
        header:
          '700000000000000000000000000000000000000000000000000000000000000000000000bb2866aaca46c4428ad08b57bc9d1493abaf64724b6c3052a7c8f958df68e93ced3d2b53ffff0f1e835b0300',
        hash: '00000ac5927c594d49cc0bdb81759d0da8297eb614683d3acb62f0703b639023',
      },
    ],
  },
  {
    name: 'groestlmyriad',
    multiplier: 2 ** 8,
    coinbase: 'twice',
    block: 'header',
    slow: false,
    native: 'groestlmyriad',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000c762a6567f3cc092f0684bb62b7e00a84890b990f07cc71a6bb58d64b98e02e0022ddb52f0ff0f1ec23fb901',
        hash: 'db90c113f34db6fc10c434450942e3cee430f8e8ccaed6b73893b998e29f0ba0',
      },
    ],
  },
  {
    name: 'fugue',
    multiplier: 2 ** 8,
    coinbase: 'onceUnlessNormal',
    block: 'pow',
    slow: false,
    native: 'fugue',
    params: noParams,
    vectors: [
      {
        header:
          '7000000000000000000000000000000000000000000000000000000000000000000000003ff3acbffec451e351e0d15877234be4de341d70655c077e543b7f47779fbafdeb9a2653ffff001ed1c1a60a',
        hash: '0000008625534e38467b29078ed2868c2ec43eb024c4a2e7ff2f6480f283656b',
      },
    ],
  },
  {
    name: 'shavite3',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'shavite3',
    params: noParams,
    vectors: [
      {
        header:
          '7000000000000000000000000000000000000000000000000000000000000000000000002e77fd7cfcdc8c4eed77802d76558b200452b0db05abaf89bbfa18ff8dfbb1eed4620853ffff0f1edb91bd00',
        hash: '000003dd806aea9af78f8d80bd4e89af70a1c7db1a455558a085a7885cba59de',
      },
    ],
  },
  {
    name: 'qubit',
    multiplier: 1,
    coinbase: 'twice',
    block: 'pow',
    slow: false,
    native: 'qubit',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000c762a6567f3cc092f0684bb62b7e00a84890b990f07cc71a6bb58d64b98e02e0022ddb52f0ff0f1ec23fb901',
        hash: '42d8496af891f5ccfabff4e4243e7866eeb71e5aea742c79b18dbac5cb0b3cf5',
      },
    ],
  },
  {
    name: 'lyra2rev2',
    multiplier: 2 ** 8,
    coinbase: 'twice',
    block: 'header',
    slow: false,
    native: 'lyra2rev2',
    params: noParams,
    vectors: [
      {
        header:
          '010000000000000000000000000000000000000000000000000000000000000000000000e72301fc49323ee151cf1048230f032ca589753ba7086222a5c023e3a08cf34af2b54a58f0ff0f1e53f60d00',
        hash: '000001cd5d567d8234d9ecf83835501bed52dffdefd63e138d79d59da629f434',
      },
    ],
  },
  {
    name: 'yescrypt',
    multiplier: 2 ** 16,
    coinbase: 'twice',
    block: 'header',
    slow: true,
    native: 'yescrypt',
    params: noParams,
    vectors: [
      {
        header:
          '0100000000000000000000000000000000000000000000000000000000000000000000001c89def5954058ec8e08068c6b20eabd844d9a8181e2bf16f688323dd315d7ace0260e54f0ff0f1e769e0300',
        hash: '00000f5149670a7092b2eb1bfccb32ce8556a7ab0cfd7e018da703cb5bdabbe3',
      },
    ],
  },
];

/** What `normalHashing` makes of keccak. The hash was worked out with another program: no chain with it is left. */
export const keccakNormal: AlgorithmEntry = {
  name: 'keccak',
  multiplier: 2 ** 8,
  coinbase: 'onceUnlessNormal',
  block: 'pow',
  slow: false,
  native: 'keccakNormal',
  params: noParams,
  vectors: [
    {
      header:
        '700000000000000000000000000000000000000000000000000000000000000000000000f36ae45560247c5c7fe195e47128af943405cc987ddc18c388a473c2463bccf87843e652ffff001e3936b000',
      hash: 'de9dd1b14c443962741bbd049e3af64884acaedd76bc4a85593ba97950750737',
    },
  ],
};

/** Algorithms that are asked for now and then, and why this pool refuses them. */
export const refused: ReadonlyMap<string, string> = new Map([
  [
    'hefty1',
    'the hash functions that exist for it give wrong hashes (Heavycoin also has 84-byte headers, and pools build 80)',
  ],
  ['lbry', 'LBRY Credits has 112-byte block headers, and this pool builds headers of 80 bytes'],
]);
