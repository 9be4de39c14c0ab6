/**
 * Links as plain data: a path can be written down, printed, and built again.
 *
 * Invariant: the same list and the same dice make links that behave the same.
 */

import type { Rng } from '../rng.js';
import { CorruptLink, DuplicateLink } from './damage.js';
import { DelayLink, JitterLink, ReorderLink } from './delay.js';
import type { Link, LinkContext } from './link.js';
import {
  BurstLossLink,
  ListedLossLink,
  LossLink,
  MtuLink,
  OutageLink,
  PeriodicLossLink,
} from './loss.js';
import { RateLink } from './rate.js';

export type LinkSpec =
  | { readonly kind: 'delay'; readonly delayUs: number }
  | { readonly kind: 'jitter'; readonly jitterUs: number; readonly inOrder: boolean }
  | { readonly kind: 'reorder'; readonly probability: number; readonly holdUs: number }
  | { readonly kind: 'loss'; readonly probability: number }
  | { readonly kind: 'burstLoss'; readonly share: number; readonly meanBurst: number }
  | { readonly kind: 'periodicLoss'; readonly period: number; readonly minBytes: number }
  | { readonly kind: 'listedLoss'; readonly places: readonly number[] }
  | {
      readonly kind: 'outage';
      readonly fromUs: number;
      readonly lengthUs: number;
      readonly everyUs: number;
    }
  /** `thenBytes` from `changeUs` on, when given. */
  | {
      readonly kind: 'mtu';
      readonly bytes: number;
      readonly thenBytes?: number;
      readonly changeUs?: number;
    }
  | { readonly kind: 'corrupt'; readonly probability: number }
  | { readonly kind: 'duplicate'; readonly probability: number; readonly laterUs: number }
  | {
      readonly kind: 'rate';
      readonly bitsPerSecond: number;
      readonly queueBytes: number;
      readonly markBytes?: number;
    };

/** @param rng each link takes a fork of its own, by its place and kind */
export function buildLinks(specs: readonly LinkSpec[], context: LinkContext, rng: Rng): Link[] {
  return specs.map((spec, place) => buildLink(spec, context, rng.fork(`${place} ${spec.kind}`)));
}

function buildLink(spec: LinkSpec, context: LinkContext, rng: Rng): Link {
  switch (spec.kind) {
    case 'delay':
      return new DelayLink(context, spec.delayUs);
    case 'jitter':
      return new JitterLink(context, rng, spec.jitterUs, spec.inOrder);
    case 'reorder':
      return new ReorderLink(context, rng, spec.probability, spec.holdUs);
    case 'loss':
      return new LossLink(context, rng, spec.probability);
    case 'burstLoss':
      return new BurstLossLink(context, rng, spec.share, spec.meanBurst);
    case 'periodicLoss':
      return new PeriodicLossLink(context, spec.period, spec.minBytes);
    case 'listedLoss':
      return new ListedLossLink(context, spec.places);
    case 'outage':
      return new OutageLink(context, spec.fromUs, spec.lengthUs, spec.everyUs);
    case 'mtu':
      return buildMtu(spec, context);
    case 'corrupt':
      return new CorruptLink(context, rng, spec.probability);
    case 'duplicate':
      return new DuplicateLink(context, rng, spec.probability, spec.laterUs);
    case 'rate':
      return new RateLink(context, spec);
  }
}

function buildMtu(spec: LinkSpec & { readonly kind: 'mtu' }, context: LinkContext): MtuLink {
  const link = new MtuLink(context, spec.bytes);
  const { thenBytes, changeUs } = spec;
  if (thenBytes !== undefined && changeUs !== undefined) {
    context.scheduler.schedule(changeUs, {
      onTime: () => {
        link.limitBytes = thenBytes;
      },
    });
  }
  return link;
}

/** One line: `delay 20000, loss 0.05`. */
export function describeLinks(specs: readonly LinkSpec[]): string {
  const text = specs.map(({ kind, ...rest }) => [kind, ...Object.values(rest)].join(' '));
  return text.length === 0 ? 'nothing' : text.join(', ');
}
